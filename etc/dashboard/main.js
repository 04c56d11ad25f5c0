// An event of changes only says what to read again; a part is read at most every two seconds, and once a minute without any event.
const REST_MS = 2000;
const IDLE_MS = 60000;

async function showComponents() {
  const all = await read('api/v1/components');
  const pools = all.filter((it) => it.kind === 'pool');
  const hosts = (kind) => all.filter((it) => it.kind === kind);
  tile('launchers', hosts('launcher').length, hosts('launcher').length === 0 ? 'bad' : 'calm');
  tile('builders', hosts('builder').length, hosts('builder').length === 0 ? 'bad' : 'calm');
  const order = { launcher: 0, pool: 1, builder: 2 };
  const rank = (it) => [order[it.kind], it.hostname, it.provider, it.pool].join(' ');
  const rows = all
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .map((it) => [
      it.kind,
      it.web_url ? element('a', { href: it.web_url + '/', rel: 'noreferrer' }, it.hostname) : it.hostname,
      it.kind === 'pool' ? it.provider + ' / ' + (it.pool || '–') : '',
      [stateTag(it.state), it.paused ? tag('waits for room', 'wait') : null],
      (it.labels || []).join(', '),
      it.version,
    ]);
  const headings = ['Kind', 'Host', 'Provider / pool', 'State', 'Labels', 'Version'];
  show('components', plural(pools.length, 'pool'), table(headings, rows, 'Nobody is connected.'));
}

const SHOWS = { nodes: showNodes, requests: showRequests, images: showImages, components: showComponents };
/** What else is drawn from a part. */
const ALSO = { components: ['requests', 'images'] };
const readers = new Map();
let program;
let takesTokens = false;

async function health() {
  const words = byId('health');
  try {
    const it = await read('health');
    words.className = it.ready ? 'good' : 'bad';
    say(words, it.program + ' ' + (it.version || '') + (it.ready ? ' is ready' : ': ' + it.reason));
    program = it.program;
    takesTokens = it.changes === 'with a token';
    say(byId('trouble'), it.config_error ? 'The configuration cannot be used: ' + it.config_error : '');
    return Object.keys(it.views);
  } catch {
    words.className = 'bad';
    say(words, 'no answer');
    return undefined;
  }
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** One reader for each part: again when it was told to, but not at once. */
function reader(part) {
  let due = true;
  let wake = () => undefined;
  void (async () => {
    for (;;) {
      due = false;
      await SHOWS[part]().catch((error) => console.warn(part, error)); // the line on top says what is wrong
      await sleep(REST_MS);
      if (!due) await Promise.race([sleep(IDLE_MS), new Promise((done) => (wake = done))]);
    }
  })();
  return () => {
    due = true;
    wake();
  };
}

function refreshAll() {
  for (const again of readers.values()) again();
}

void (async () => {
  let parts;
  while ((parts = await health()) === undefined) await sleep(REST_MS);
  setInterval(health, 5000);
  for (const part of ['nodes', 'requests', 'images', 'components'])
    if (parts.includes(part)) readers.set(part, reader(part));
  const events = new EventSource('api/v1/events');
  const live = byId('live');
  events.onopen = () => (live.textContent = 'live');
  events.onerror = () => {
    live.textContent = 'changes are not heard of';
    void health();
  };
  for (const [part, again] of readers) {
    events.addEventListener(part, () => {
      again();
      for (const it of ALSO[part] || []) if (readers.has(it)) readers.get(it)();
    });
  }
  openLogOfAddress();
  if (takesTokens) await offerSignIn();
})();
