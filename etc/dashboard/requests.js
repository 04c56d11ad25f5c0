/** Requestor of the nodes that are kept ready. */
const MIN_READY = 'NodePool:min-ready';
/** Requests whose reasons are unfolded, with what was said the last time. */
const unfolded = new Map();

/** What can be told of a request by looking at the pools; what their launchers say of it is asked for when it is unfolded. */
function whyItWaits(request, pools) {
  if (request.broken) return { word: 'unreadable', tone: 'bad', text: request.broken };
  if (request.state === 'pending' && !request.locked) {
    return { word: 'abandoned', tone: 'bad', text: 'its launcher is gone, the next one takes it over' };
  }
  const declined = request.declined_by || [];
  const able = pools.filter((it) => (request.labels || []).every((label) => (it.labels || []).includes(label)));
  const left = able.filter((it) => !declined.includes(it.pool_id));
  if (request.state === 'pending') {
    // Which one it is, and whether this is the request that a full one waits with, is told when it is unfolded.
    const full = left.filter((it) => it.paused);
    const waits = full.length === 0 ? '' : '; ' + names(full) + ' waits for room';
    return { word: 'in progress', tone: 'busy', text: 'a pool is at it' + waits };
  }
  if (able.length === 0) return { word: 'unserved', tone: 'bad', text: 'no pool has all its labels' };
  if (left.length === 0) return { word: 'declined', tone: 'bad', text: 'by all pools that have its labels' };
  if (left.every((it) => it.paused)) return { word: 'full', tone: 'wait', text: 'no room in ' + names(left) };
  return { word: 'queued', tone: 'wait', text: 'for ' + names(left.filter((it) => !it.paused)) };
}
/** Several launchers have the same pools. */
const names = (pools) => [...new Set(pools.map((it) => it.provider + ' / ' + (it.pool || '–')))].join(', ');

async function showRequests() {
  const [waiting, pools] = await Promise.all([
    read('api/v1/requests?state=requested,pending'),
    read('api/v1/components?kind=pool'),
  ]);
  const since = (it) => (it.created_time === null ? it.state_time : it.created_time);
  waiting.sort((a, b) => (a.id < b.id ? -1 : 1));
  const asked = waiting.filter((it) => it.requestor !== MIN_READY);
  const oldest = Math.min(...asked.map(since).filter((it) => it !== null));
  countTile('requests', asked.length, 'wait');
  tile('longest wait', Number.isFinite(oldest) ? age(oldest) : '–', 'calm');
  for (const id of unfolded.keys()) if (!waiting.some((it) => it.id === id)) unfolded.delete(id);
  const rows = waiting.slice(0, MOST_ROWS).flatMap((it) => {
    const why = whyItWaits(it, pools);
    const isOpen = unfolded.has(it.id);
    const fold = button(isOpen ? '▾' : '▸', 'What every pool says', () => void toggle(it.id));
    fold.className = 'link';
    const row = [
      [fold, ' ', code(it.id)],
      stateTag(it.state),
      [tag(why.word, why.tone), element('span', { class: 'soft' }, why.text)],
      (it.labels || []).join(', '),
      it.requestor,
      it.tenant_name,
      age(since(it)),
      cancel(it.id),
    ];
    return isOpen ? [row, said(it.id)] : [row];
  });
  const headings = ['Request', 'State', 'Why it waits', 'Labels', 'Requestor', 'Tenant', 'Waits', heard('Actions')];
  const more = waiting.length - MOST_ROWS;
  show(
    'requests',
    asked.length + ' waiting, ' + (waiting.length - asked.length) + ' for min-ready',
    table(headings, rows, 'Nobody waits.'),
    more > 0 ? element('p', { class: 'soft' }, 'and ' + more + ' more') : null,
  );
}

async function toggle(id) {
  if (unfolded.has(id)) unfolded.delete(id);
  else unfolded.set(id, undefined);
  await showRequests();
  await askPools();
}

/** The answers of the pools to what is unfolded. */
async function askPools() {
  for (const id of [...unfolded.keys()].slice(0, 8)) {
    const path = 'api/v1/requests/' + encodeURIComponent(id) + '/explain';
    const answer = await read(path).catch(() => undefined); // gone, or nobody can say now
    if (answer === undefined || !unfolded.has(id)) continue;
    unfolded.set(id, answer.pools);
    const place = byId('why-' + id);
    if (place) place.replaceWith(said(id));
  }
}
setInterval(() => void askPools(), 3000);

function said(id) {
  const pools = unfolded.get(id);
  const headings = ['Pool', 'Launcher', 'Says', 'Because', heard('Details'), 'For', 'Expects its nodes'];
  const rows = (pools || []).map((it) => [
    (it.provider || '–') + ' / ' + (it.name || '–'),
    element('span', { class: 'soft', title: it.pool }, it.pool.split('-PoolWorker.')[0]),
    stateTag(it.status),
    it.reason.replaceAll('-', ' '),
    it.detail,
    age(it.since),
    it.expected === null
      ? ''
      : it.expected * 1000 < Date.now()
        ? 'any moment'
        : 'in ' + elapsed(it.expected - Date.now() / 1000),
  ]);
  const told =
    pools === undefined
      ? element('p', { class: 'soft' }, 'The pools are being asked …')
      : table(headings, rows, 'No pool is there.');
  return element('tr', { class: 'why', id: 'why-' + id }, element('td', { colspan: '8' }, told));
}
