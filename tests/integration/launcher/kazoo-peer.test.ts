import { printNode } from '../../../src/model/node-record';
import type { Node } from '../../../src/model/records';
import { pick, seededRandom, systemRandom } from '../../../src/runtime/random';
import type { NodeEntry } from '../../../src/store/api';
import { eventually } from '../../support/eventually';
import { KazooPeer, type PythonNode } from '../../support/kazoo-peer';
import { node } from '../../support/node-facts';
import { configText, Fleet, type Peer, until, untilNode, untilNodeGone, untilRequest } from './fleet';

/** Every key of zk-tree 8 and `ssh_port`, all of which Python writes each time. */
const NODE_KEYS = [
  'allocated_to attributes az cloud comment connection_port connection_type created_time driver_data external_id',
  'hold_expiration hold_job host_id host_keys hostname image_id interface_ip launcher node_properties pool private_ipv4',
  'provider public_ipv4 public_ipv6 python_path region requestor resources shell_type slot ssh_port state state_time',
  'tenant_name type user_data username',
]
  .join(' ')
  .split(' ')
  .filter((it) => it !== 'node_properties'); // read by Zuul, written by nobody (zuul-client.md 9)

const REQUEST_KEYS = [
  'created_time declined_by event_id node_types nodes provider relative_priority requestor requestor_data reuse',
  'state state_time tenant_name',
]
  .join(' ')
  .split(' ');

/** Zuul and Python launchers on the same tree, with Python's own client. */
describe('beside programs in Python', () => {
  let fleet: Fleet;
  let peer: Peer;
  let python: KazooPeer;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  beforeEach(async () => {
    [peer, python] = await Promise.all([fleet.peer(), KazooPeer.start(fleet.server.hosts)]);
  });
  afterEach(async () => {
    await python.stop();
    await fleet.reset();
  });
  afterAll(() => fleet.stop());

  const fulfilled = async (request: string) => {
    const outcome = await python.final(request);
    expect(outcome.trouble).toBeUndefined();
    expect(outcome.record).toMatchObject({ state: 'fulfilled' });
    return outcome;
  };
  const submit = (labels: readonly string[], more: object = {}) => python.do<string>('submit', { labels, ...more });
  const accept = (request: string) => python.do<readonly string[]>('accept', { request });
  const record = (changes: Partial<Node>) => JSON.parse(printNode(node(changes)).toString()) as object;
  const leave = (changes: Partial<Node>, more: object = {}) =>
    python.do<string>('make_node', { record: record(changes), ...more });
  const untilFree = (id: string) =>
    untilNode(peer.store, id, (it, locked) => it.state === 'ready' && it.allocatedTo === null && !locked);

  test('Zuul finds nodes whole and unlocked, and gives them back', async () => {
    await fleet.launcher(configText({ labels: ['small', 'big'] }));
    const events: string[] = [];
    await peer.zk.addWatch(
      '/nodepool',
      'persistent-recursive',
      ({ type, path }) => void events.push(`${type} ${path}`),
    );
    const request = await submit(['small', 'big', 'small']);
    const { record: final, nodes } = await fulfilled(request);
    expect(Object.keys(final).sort()).toEqual(REQUEST_KEYS);
    expect(nodes.map((it) => (it.record['type'] as string[])[0])).toEqual(['small', 'big', 'small']);
    for (const it of nodes) expectWhole(it, request);
    for (const key of ['provider', 'pool', 'az']) expect(new Set(nodes.map((it) => it.record[key])).size).toBe(1);
    await peer.zk.sync('/nodepool'); // every event up to here has arrived
    const last = (what: RegExp) => events.findLastIndex((it) => what.test(it));
    const unlocked = nodes.map(({ id }) => last(new RegExp(`deleted /nodepool/nodes/${id}/lock/`)));
    const written = last(new RegExp(`changed /nodepool/requests/${request}`));
    expect(Math.min(...unlocked)).toBeGreaterThan(0);
    expect(written).toBeGreaterThan(Math.max(...unlocked));
    const taken = await accept(request);
    expect(taken).toEqual(final.nodes);
    await python.do('use', { taken });
    await python.do('give_back', { taken });
    await Promise.all(taken.map((it) => untilNodeGone(peer.store, it)));
    expect(fleet.serverNames()).toEqual([]);
  });

  test('Zuul revises the order under the lock, never over what a launcher has written', async () => {
    const [first, second] = [await submit(['small']), await submit(['small'], { relative_priority: 9 })];
    expect(await python.do('revise', { request: second, relative_priority: -1 })).toBe('revised');
    await python.do('set_request', { request: first, lock: true }); // in the middle of its own revision
    await fleet.launcher(configText({ maxServers: 1 }));
    const { nodes } = await fulfilled(second);
    expect(await python.do('revise', { request: second, relative_priority: 3, version: 1 })).toBe('stale');
    await python.do('unlock', { what: first });
    await untilRequest(peer.store, first, (it, locked) => it.state === 'pending' && locked);
    expect(await python.do('revise', { request: first, relative_priority: 3 })).toBe('busy');
    const taken = await accept(second);
    await python.do('use', { taken });
    await python.do('give_back', { taken });
    await untilNodeGone(peer.store, nodes[0]!.id);
    await fulfilled(first);
  });

  test('Zuul holds nodes, writing back what it has read: each for its own time', async () => {
    await fleet.launcher(configText());
    const hold = async (more: object) => {
      const taken = await accept((await fulfilledNew()).request);
      await python.do('use', { taken });
      await python.do('hold', { taken, ...more });
      return taken[0]!;
    };
    const fulfilledNew = async () => {
      const request = await submit(['small']);
      await fulfilled(request);
      return { request };
    };
    const [long, brief] = [await hold({}), await hold({ expiration: 1 })];
    await untilNodeGone(peer.store, brief);
    const kept = (await peer.store.nodes.get(long))!.record;
    expect(kept).toMatchObject({ state: 'hold', holdExpiration: null, holdJob: 'acme p j .*', comment: 'look' });
  });

  test('Zuul cancels while nodes are made, and gives nodes back unused: they are free for the next', async () => {
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 2 });
    await fleet.launcher(configText());
    const cancelled = await submit(['small']);
    const building = await until(peer.store.nodes.view(), () =>
      [...peer.store.nodes.view().nodes.values()].find((it) => it.record?.state === 'building' && it.locked),
    );
    expect(await python.do('try_lock', { path: `/nodepool/nodes/${building.id}/lock` })).toBe(false);
    expect(await python.do('cancel', { request: cancelled })).toBe(true);
    await untilFree(building.id);
    const request = await submit(['small']);
    expect((await fulfilled(request)).record.nodes).toEqual([building.id]);
    await python.do('give_back', { taken: await accept(request) });
    await untilFree(building.id);
    expect(fleet.serverNames()).toEqual([`np${building.id}`]);
  });

  test('an executor is killed with nodes in use: they go with its session', async () => {
    await fleet.launcher(configText());
    const executor = await KazooPeer.start(fleet.server.hosts);
    try {
      const request = await submit(['small']);
      const { nodes } = await fulfilled(request);
      const taken = await executor.do<readonly string[]>('accept', { request });
      await executor.do('use', { taken });
      await executor.kill();
      expect((await peer.store.nodes.get(nodes[0]!.id))!.record.state).toBe('in-use');
      await untilNodeGone(peer.store, nodes[0]!.id);
    } finally {
      await executor.kill();
    }
  });

  test('a Python pool of better priority is left what it can serve, until it pauses or declines', async () => {
    const pool = await python.do<string>('register', { provider: 'elsewhere', labels: ['small'], priority: 1 });
    const launcher = await fleet.launcher(configText({ labels: ['small', 'big'] }));
    const first = await submit(['small']);
    await fulfilled(await submit(['big']));
    expect((await peer.store.requests.get(first))!.record).toMatchObject({ state: 'requested', declinedBy: [] });
    expect(await python.do('decline', { request: first, pool })).toBe('requested');
    expect((await fulfilled(first)).record).toMatchObject({ declined_by: [pool] });
    await python.do('pause', { pool });
    await fulfilled(await submit(['small']));
    await launcher.drain();
  });

  test('a request that nobody can serve fails with the last word, be it theirs or ours', async () => {
    const pool = await python.do<string>('register', { provider: 'elsewhere', labels: ['other'] });
    await fleet.launcher(configText());
    const [theirs, ours] = [await submit(['unheard-of']), await submit(['other'])];
    await untilRequest(peer.store, theirs, (it, locked) => it.declinedBy.length === 1 && !locked);
    expect(await python.do('decline', { request: theirs, pool })).toBe('failed');
    expect((await peer.store.requests.get(ours))!.record.declinedBy).toEqual([]); // they have the label
    expect(await python.do('decline', { request: ours, pool })).toBe('requested');
    const { record: failed } = await python.final(ours);
    expect(failed).toMatchObject({ state: 'failed', nodes: [] });
    expect(failed['declined_by']).toHaveLength(2);
  });

  const seed = Math.floor(systemRandom.next() * 2 ** 31);

  test(`many lives of nodes at once, with two launchers and three Zuuls (seed ${seed})`, async () => {
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': { uniform: [0, 0.1] } });
    const text = configText({ labels: ['small', 'big'], maxServers: 6 });
    await Promise.all([fleet.launcher(text), fleet.launcher(text)]);
    const zuuls = await Promise.all([1, 2, 3].map(() => KazooPeer.start(fleet.server.hosts)));
    const random = seededRandom(seed);
    const oneOf = <T>(...items: readonly T[]) => pick(random, items);
    const live = async (zuul: KazooPeer) => {
      const labels = oneOf(['small'], ['big'], ['small', 'big'], ['big', 'small', 'big']);
      const request = await zuul.do<string>('submit', { labels, priority: oneOf(100, 200, 300) });
      if (oneOf(true, false)) await zuul.do('revise', { request, relative_priority: 1 }).catch(expectGone);
      if (oneOf(true, false, false)) return void (await zuul.do('cancel', { request }));
      const outcome = await zuul.final(request);
      expect(outcome.trouble).toBeUndefined();
      expect(outcome.record.state).toBe('fulfilled');
      for (const it of outcome.nodes) expectWhole(it, request);
      const taken = await zuul.do<readonly string[]>('accept', { request });
      expect(taken).toEqual(outcome.record.nodes);
      if (oneOf(true, true, false)) await zuul.do('use', { taken });
      await zuul.do('give_back', { taken });
    };
    try {
      await Promise.all(
        zuuls.map(async (it) => {
          for (let times = 0; times < 7; times += 1) await live(it);
        }),
      );
      const [nodes, requests] = [peer.store.nodes.view(), peer.store.requests.view()];
      await until(requests, () => requests.fresh && requests.requests.size === 0);
      const isQuiet = ({ record: it, locked }: NodeEntry) =>
        it?.state === 'ready' && it.allocatedTo === null && !locked;
      await until(nodes, () => nodes.fresh && [...nodes.nodes.values()].every(isQuiet));
      const names = [...nodes.nodes.keys()].map((it) => `np${it}`);
      await eventually(() => fleet.serverNames().join() === names.sort().join());
      expect(names.length).toBeLessThanOrEqual(6);
      expect([...requests.locks.values()].filter((it) => it.contended)).toEqual([]);
    } finally {
      await Promise.all(zuuls.map((it) => it.stop()));
    }
  });

  /** A request that has become `pending` meanwhile, or whose record has moved on, is not for Zuul to revise. */
  const expectGone = (error: unknown) => expect(String(error)).toMatch(/NoNode/);

  test('who stands for election is told by its contender', async () => {
    await fleet.launcher(configText());
    const standing = () => python.do<readonly string[]>('contenders', { path: '/nodepool/elections/min-ready' });
    await eventually(async () => (await standing()).length === 1);
    expect(await standing()).toEqual([`nl01-${process.pid}`]);
  });

  test('what a killed Python launcher was about is finished with its node, as soon as its session is over', async () => {
    await fleet.launcher(configText());
    const dying = await KazooPeer.start(fleet.server.hosts, 2000);
    try {
      await dying.do('register', { provider: 'fake-east', labels: ['small', 'theirs'], priority: 1 });
      const request = await submit(['theirs']);
      await dying.do('set_request', { request, state: 'pending', node_types: ['small'], lock: true });
      const building = record({ state: 'building', allocatedTo: request, launcher: 'py01', resources: null });
      const id = await dying.do<string>('make_node', { record: building, lock: true });
      await dying.kill();
      const { record: final } = await fulfilled(request);
      expect(final.nodes).toEqual([id]);
      expect(fleet.serverNames()).toEqual([`np${id}`]);
    } finally {
      await dying.kill();
    }
  });

  test('what Python launchers leave behind is put in order, and what they keep is left alone', async () => {
    const request = await submit(['small']);
    const good = await leave({ allocatedTo: request }); // of a set that failed with another pool
    await python.do('set_request', { request, declined_by: ['py01-PoolWorker.elsewhere-main-0'] });
    const backing = await leave({ state: 'in-use' }, { persistent_lock: 'NodePool:metastatic:meta' });
    const garbage = await Promise.all(
      (['building', 'failed', 'aborted', 'in-use', 'used', 'deleted'] as const).map((state) => leave({ state })),
    );
    const unserved = await submit(['small']); // released by a static driver: `pending`, nobody's
    await python.do('set_request', { request: unserved, state: 'pending' });
    await fleet.launcher(configText());
    await Promise.all([fulfilled(request), fulfilled(unserved)]);
    await Promise.all(garbage.map((it) => untilNodeGone(peer.store, it)));
    await accept(request);
    await untilFree(good);
    expect((await peer.store.nodes.get(backing))!.record.state).toBe('in-use');
  });

  test('a min-ready request of a Python launcher is served with a new node, which is free once the request is gone', async () => {
    const free = await leave({});
    const request = await submit(['small'], { priority: 900 });
    await python.do('set_request', { request, requestor: 'NodePool:min-ready', reuse: false, tenant_name: null });
    await fleet.launcher(configText()); // only now: what is filed in two steps would be served between them
    const { record: final, nodes } = await python.final(request);
    expect(final).toMatchObject({ state: 'fulfilled', reuse: false });
    expect(nodes[0]!.id).not.toBe(free);
    await python.do('cancel', { request });
    await untilFree(nodes[0]!.id);
  });
});

function expectWhole({ record, contenders, ephemeral }: PythonNode, request: string): void {
  expect(Object.keys(record).sort()).toEqual(NODE_KEYS);
  expect(record).toMatchObject({
    state: 'ready',
    allocated_to: request,
    tenant_name: 'acme',
    requestor: '0d1f'.repeat(8),
  });
  expect([record['hold_expiration'], record['user_data'], record['comment']]).toEqual([null, null, null]);
  expect(record['ssh_port']).toBe(record['connection_port']);
  expect([contenders, ephemeral]).toEqual([[], false]);
}
