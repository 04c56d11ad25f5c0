const MOST_ROWS = 100;
const ON_THE_WAY = ['init', 'building', 'testing'];
const ALL_STATES = 'init building testing ready in-use used hold deleting failed aborted deleted'.split(' ');

async function showNodes() {
  const counts = await read('api/v1/node-counts');
  const sum = (all) => all.reduce((so, it) => so + it.count, 0);
  const inStates = (...states) => sum(counts.filter((it) => states.includes(it.state)));
  tile('nodes', sum(counts));
  countTile('ready', inStates('ready'), 'good');
  countTile('in use', inStates('in-use'), 'busy');
  countTile('on the way', inStates(...ON_THE_WAY), 'wait');
  countTile('held', inStates('hold'), 'held');
  countTile('failed', inStates('failed', 'aborted'), 'bad');
  const pools = new Map();
  for (const it of counts) {
    const key = (it.provider || '–') + ' / ' + (it.pool || '–');
    pools.set(key, [...(pools.get(key) || []), it]);
  }
  const order = (it) => ALL_STATES.indexOf(it.state);
  const most = Math.max(1, ...[...pools.values()].map(sum));
  const rows = [...pools].map(([name, states]) => {
    states.sort((a, b) => order(a) - order(b));
    const parts = states.map((it) =>
      element('i', {
        class: toneOf(it.state),
        grow: String(it.count),
        title: it.count + ' ' + (it.state || 'unreadable'),
      }),
    );
    const rest = element('span', { grow: String(most - sum(states)) });
    return [
      name,
      String(sum(states)),
      element('div', { class: 'bar' }, ...parts, rest),
      states.map((it) => tag(it.count + ' ' + (it.state || 'unreadable'), it.state ? toneOf(it.state) : 'bad')),
    ];
  });
  show('nodes', '', table(['Provider / pool', 'Nodes', heard('Share of each state'), 'By state'], rows, 'No nodes.'));
  await showNodeList();
}

/** Somebody has it, or may have had it. */
const isGivenBack = (it) => ['in-use', 'hold'].includes(it.state) || (it.state === 'ready' && it.allocated_to !== null);

/** The whole list is read only while somebody looks at it. */
async function showNodeList() {
  const list = byId('node-list');
  if (!list.open) return;
  const state = byId('node-state').value;
  const words = byId('node-search').value.toLowerCase();
  const nodes = await read('api/v1/nodes' + (state === '' ? '' : '?state=' + state));
  const text = (it) =>
    [it.id, it.state, it.provider, it.pool, it.hostname, it.interface_ip, it.allocated_to, it.comment, it.requestor]
      .concat(it.labels || [])
      .join(' ')
      .toLowerCase();
  const found = nodes.filter((it) => words === '' || text(it).includes(words)).sort((a, b) => (a.id < b.id ? 1 : -1));
  const rows = found
    .slice(0, MOST_ROWS)
    .map((it) => [
      code(it.id),
      [stateTag(it.state), it.locked ? element('span', { class: 'soft' }, 'locked') : null],
      age(it.state_time),
      (it.labels || []).join(', '),
      (it.provider || '–') + ' / ' + (it.pool || '–'),
      code(it.interface_ip || ''),
      it.allocated_to ? code(it.allocated_to, true) : '',
      [it.broken ? element('span', { class: 'bad' }, it.broken) : it.comment || ''],
      it.locked ? null : [hold(it.id), isGivenBack(it) ? release(it.id) : null, remove(it.id)],
    ]);
  list.querySelector('.tools .soft').textContent =
    plural(found.length, 'node') + (found.length > MOST_ROWS ? ', the newest ' + MOST_ROWS + ' are shown' : '');
  const headings = [
    'Node',
    'State',
    'For',
    'Labels',
    'Provider / pool',
    'Address',
    'Request',
    'Comment',
    heard('Actions'),
  ];
  list.querySelector('.rows').replaceChildren(table(headings, rows, 'No such nodes.'));
}

for (const it of ALL_STATES) byId('node-state').append(element('option', { value: it }, it));
byId('node-state').addEventListener('change', () => void showNodeList());
byId('node-search').addEventListener('input', () => void showNodeList());
byId('node-list').addEventListener('toggle', () => void showNodeList());
