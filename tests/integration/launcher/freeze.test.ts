import { nodePath, requestPath } from '../../../src/model/paths';
import { systemClock } from '../../../src/runtime/clock';
import { seededRandom } from '../../../src/runtime/random';
import { eventually } from '../../support/eventually';
import { configText, Fleet, type Peer, until, untilNodeGone } from './fleet';
import { LauncherProcess } from './launcher-process';

const never = new AbortController().signal;
const SEED = Number(process.env['FREEZE_SEED'] ?? Date.now() % 1_000_000);
const REQUESTS = 8;
const CONFIG = configText({ maxServers: 20 });

/**
 * A launcher is stopped in the middle of its work for longer than its session lives, at moments drawn from a seed. Another does
 * the work. When the first wakes up it has every promise, timer and answer of before, and must not write any of it.
 */
describe(`a launcher that is frozen under load (FREEZE_SEED=${SEED})`, () => {
  const random = seededRandom(SEED);
  let fleet: Fleet;
  let frozen: LauncherProcess | undefined;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(async () => {
    frozen?.thaw();
    await frozen?.kill();
    await fleet.reset();
  });
  afterAll(() => fleet.stop());

  const moments = Array.from({ length: 4 }, () => Math.round(random.next() * 400));
  test.each(moments)('%i ms after the requests came', async (momentMs) => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', {
      'boot-time': { uniform: [0, 0.5] },
      latency: { 'create-server': { uniform: [0, 0.2] } },
    });
    frozen = await LauncherProcess.start(fleet, 'frozen', CONFIG);
    const requests = await Promise.all(
      Array.from({ length: REQUESTS }, (_, at) =>
        peer.scheduler.submit({ labels: at % 2 === 0 ? ['small'] : ['small', 'small'] }),
      ),
    );
    await systemClock.sleep(momentMs); // paced: a random moment
    frozen.freeze();
    const other = await fleet.launcher(CONFIG);
    const outcomes = await Promise.all(requests.map((it) => peer.scheduler.await(it, never)));
    expect(new Set(outcomes.map((it) => it.state))).toEqual(new Set(['fulfilled']));
    const components = peer.store.components.view();
    await other.drain();
    await until(components, () => components.fresh && components.pools.size === 0);
    const before = await versions(peer, requests);
    const boots = bootNames(fleet);
    frozen.thaw();
    await until(components, () => components.pools.size === 1); // back, with a new session
    const next = await peer.scheduler.submit({ labels: ['small'] });
    expect(await peer.scheduler.await(next, never)).toMatchObject({ state: 'fulfilled' });
    const after = await versions(peer, requests);
    expect(after.filter(([path]) => before.some(([known]) => known === path))).toEqual(before);
    expect(bootNames(fleet).slice(0, boots.length)).toEqual(boots);
    const all = bootNames(fleet);
    expect(new Set(all.map((it) => it.slice(0, 12))).size).toBe(all.length); // of each node one instance only
    expect(all.length).toBe(after.filter(([path]) => path.startsWith(nodePath(''))).length);
  });

  test('in the pause between two calls for an instance: asks no more, since its node may be gone by now', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.injectFault('fake-east', { operation: 'create-server', effect: 'error', status: 503 });
    frozen = await LauncherProcess.start(fleet, 'frozen', CONFIG);
    const request = await peer.scheduler.submit({ labels: ['small'] });
    await eventually(() => createCalls(fleet).length > 0);
    frozen.freeze();
    await peer.scheduler.cancel(request);
    const [id] = (await peer.store.nodes.read()).keys();
    const other = await fleet.launcher(CONFIG);
    await untilNodeGone(peer.store, id!);
    await other.drain();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 0 }); // and the fault is over
    frozen.thaw();
    const next = await peer.scheduler.submit({ labels: ['small'] });
    const outcome = await peer.scheduler.await(next, never);
    expect(fleet.serverNames()).toEqual(outcome.state === 'fulfilled' ? [`np${outcome.record.nodes[0]}`] : 'served');
  });
});

/** Path, place in the server's order of its creation and of its last change, number of changes: of all records. */
async function versions({ zk, store }: Peer, requests: readonly { readonly id: string }[]) {
  const nodes = [...(await store.nodes.read()).keys()].map(nodePath);
  const paths = [...nodes, ...requests.map((it) => requestPath(it.id))].sort();
  return Promise.all(
    paths.map(async (path) => {
      const { czxid, mzxid, version } = (await zk.get(path)).stat;
      return [path, czxid, mzxid, version] as const;
    }),
  );
}

function createCalls({ cloud }: Fleet) {
  return cloud.cloud.calls.latest('fake-east').filter((it) => it.operation === 'create-server');
}

/** Names under which the cloud has made instances, in order; one that was asked for again is there once. */
function bootNames(fleet: Fleet): string[] {
  const made = createCalls(fleet)
    .filter((it) => it.status < 300)
    .map((it) => it.subject);
  return [...new Set(made)];
}
