import { newNode } from '../../../src/model/node-record';
import { newRequest } from '../../../src/model/request-record';
import type { Claim, NodeEntry, RequestEntry, Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { acquireLock } from '../../../src/zk/lock';
import { never, World } from './world';

const node = newNode({ state: 'building', provider: 'east', pool: 'main', type: ['small'], stateTime: 5 });
const request = newRequest({ nodeTypes: ['small'], requestor: 'me', stateTime: 5 });

let world: World;
let zk: ZooKeeper;
let store: Store;
let other: Store;
const held: Claim[] = [];
const own = <C extends Claim | undefined>(claim: C): C => {
  if (claim !== undefined) held.push(claim);
  return claim;
};

beforeEach(async () => {
  world = new World();
  zk = await world.connect();
  store = openStore(zk, world.tools(zk));
  const otherZk = await world.connect();
  other = openStore(otherZk, world.tools(otherZk));
});
afterEach(async () => {
  for (const it of held.splice(0)) await it.release();
  await store.close();
  await other.close();
  await until(() => world.server.watches === 0);
  await world.close();
});

/** Turns until `holds`; the work it waits for is under way in this process. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setImmediate(done));
}

async function unlockedNode(state: 'building' | 'ready' = 'ready'): Promise<NodeEntry> {
  const claim = await store.nodes.create(node, never);
  if (state === 'ready') await claim.write({ state });
  await claim.release();
  return (await store.nodes.read()).get(claim.id)!;
}
async function waitingRequest(): Promise<RequestEntry> {
  const id = await store.requests.create(request, 200, 'persistent');
  return (await store.requests.read()).get(id)!;
}
const contenders = () => [...world.server.dump().keys()].filter((it) => it.includes('__lock__'));
const TRANSACTION = { op: 'transaction', path: /__lock__$/ } as const;

describe('claiming as seen', () => {
  test('locks and writes at once', async () => {
    const entry = await unlockedNode();
    const claim = own(await store.nodes.claimAs(entry, { state: 'deleting' }, never))!;
    expect(claim.current.record).toMatchObject({ state: 'deleting' });
    expect(await store.nodes.get(entry.id)).toEqual(claim.current);
    expect((await zk.exists(contenders()[0]!))?.czxid).toBe(claim.fence);
    expect(await other.nodes.claim(entry.id, never)).toBeUndefined();
    await claim.remove();
    expect(world.below('/nodepool/nodes')).toEqual({});
  });

  test('takes a request whose lock has no directory, or one that is left over', async () => {
    const entry = await waitingRequest();
    const claim = own(await store.requests.claimAs(entry, { state: 'pending' }, never))!;
    await claim.writeAndRelease({ state: 'requested', declinedBy: ['me'] });
    const again = (await store.requests.read()).get(entry.id)!;
    expect(again).toMatchObject({ locked: false, record: { state: 'requested' } });
    expect(own(await other.requests.claimAs(again, { state: 'pending' }, never))).toBeDefined();
  });

  test('a queued contender of the plain lock waits its turn', async () => {
    const entry = await unlockedNode();
    const claim = own(await store.nodes.claimAs(entry, { state: 'deleting' }, never))!;
    const waiting = other.nodes.claim(entry.id, never, 60_000);
    await until(() => contenders().length === 2);
    expect(claim.isHeld()).toBe(true);
    await claim.release();
    own(await waiting);
    expect((await waiting)?.current.record.state).toBe('deleting');
  });

  test.each([
    ['somebody holds it', async (id: string) => void own(await other.nodes.claim(id, never))],
    [
      'it changed',
      async (id: string) => void (await other.nodes.claim(id, never).then((it) => it!.writeAndRelease({ az: 'a' }))),
    ],
    ['it is gone', async (id: string) => other.nodes.remove(id)],
  ])('not when %s', async (_why, meanwhile) => {
    const entry = await unlockedNode();
    await meanwhile(entry.id);
    const before = new Map(world.server.dump());
    expect(await store.nodes.claimAs(entry, { state: 'deleting' }, never)).toBeUndefined();
    expect(new Map(world.server.dump())).toEqual(before);
  });

  test('not what is seen locked or broken', async () => {
    const entry = await unlockedNode();
    expect(await store.nodes.claimAs({ ...entry, locked: true }, {}, never)).toBeUndefined();
    expect(await store.nodes.claimAs({ ...entry, record: undefined }, {}, never)).toBeUndefined();
  });

  test.each(['dropReply', 'dropRequest'] as const)('once after %s', async (fault) => {
    const entry = await waitingRequest();
    world.server[fault](TRANSACTION);
    const claim = own(await store.requests.claimAs(entry, { state: 'pending' }, never))!;
    expect([claim.current.version, contenders().length]).toEqual([1, 1]);
    await claim.write({ state: 'fulfilled' });
  });

  test('of racing stores exactly one succeeds', async () => {
    const entry = await waitingRequest();
    const stores = [store, other, store, other];
    const claims = await Promise.all(stores.map((it) => it.requests.claimAs(entry, { state: 'pending' }, never)));
    claims.forEach((it) => own(it));
    expect(claims.filter((it) => it !== undefined)).toHaveLength(1);
    expect(contenders()).toHaveLength(1);
  });

  test('given up in the middle leaves nothing locked', async () => {
    const entry = await waitingRequest();
    const enough = new AbortController();
    world.server.dropReply(TRANSACTION);
    zk.onState((state) => {
      if (state === 'suspended') enough.abort(new Error('enough'));
    });
    await expect(store.requests.claimAs(entry, { state: 'pending' }, enough.signal)).rejects.toThrow('enough');
    await zk.connected();
    await until(() => contenders().length === 0);
  });

  test('with the session lost in the middle fails', async () => {
    const entry = await waitingRequest();
    world.server.dropReply(TRANSACTION);
    const id = zk.session!.id;
    zk.onState((state) => {
      if (state === 'suspended') world.server.expire(id);
    });
    await expect(store.requests.claimAs(entry, { state: 'pending' }, never)).rejects.toMatchObject({
      code: 'SESSION_EXPIRED',
    });
    expect(contenders()).toEqual([]);
  });
});

describe('claiming a request with its nodes', () => {
  const take = (entry: RequestEntry, nodes: readonly NodeEntry[], by: Store = store) =>
    by.requests.claimWithNodes(
      entry,
      { state: 'pending' },
      nodes.map((it) => ({ entry: it, change: { allocatedTo: entry.id } })),
      never,
    );
  async function ready() {
    const entry = await waitingRequest();
    const nodes = [await unlockedNode('ready'), await unlockedNode('ready')];
    return { entry, nodes, ids: nodes.map((it) => it.id) };
  }

  test.each(['nothing', 'dropReply', 'dropRequest'] as const)(
    'locks and writes all at once, after %s',
    async (fault) => {
      const { entry, nodes, ids } = await ready();
      if (fault !== 'nothing') world.server[fault](TRANSACTION);
      const taken = await take(entry, nodes);
      if (typeof taken === 'string') throw new Error(taken);
      const claims = [taken.claim, ...taken.nodes].map((it) => own(it));
      expect(taken.nodes.map((it) => it.id)).toEqual(ids);
      expect(taken.nodes.map((it) => it.current.record.allocatedTo)).toEqual([entry.id, entry.id]);
      expect(taken.claim.current.record.state).toBe('pending');
      expect(new Set(claims.map((it) => it.fence)).size).toBe(1);
      expect([contenders().length, ...claims.map((it) => it.isHeld())]).toEqual([3, true, true, true]);
      await taken.claim.finish(
        { state: 'fulfilled', nodes: ids },
        taken.nodes.map((it) => ({ claim: it, change: {} })),
      );
      expect(contenders()).toEqual([]);
    },
  );

  test.each([
    [
      'node',
      'a node is held',
      async (_id: string, [, last]: string[]) => void own(await other.nodes.claim(last!, never)),
    ],
    ['node', 'a node is gone', async (_id: string, [first]: string[]) => other.nodes.remove(first!)],
    ['request', 'the request is held', async (id: string) => void own(await other.requests.claim(id, never))],
    ['request', 'the request is gone', async (id: string) => other.requests.delete(id)],
  ])('not when a %s is not to be had: %s', async (which, _why, meanwhile) => {
    const { entry, nodes, ids } = await ready();
    await meanwhile(entry.id, ids);
    const before = contentOf(world.server.dump());
    expect(await take(entry, nodes)).toBe(which);
    expect(contentOf(world.server.dump())).toEqual(before);
  });

  /** The directory of all request locks is made on the way. */
  const contentOf = (dump: ReadonlyMap<string, Buffer>) =>
    new Map([...dump].filter(([path]) => path !== '/nodepool/requests-lock'));

  test('not what is seen locked', async () => {
    const { entry, nodes } = await ready();
    expect(await take({ ...entry, locked: true }, nodes)).toBe('request');
    expect(await take(entry, [nodes[0]!, { ...nodes[1]!, locked: true }])).toBe('node');
  });

  test('of racing stores exactly one has them', async () => {
    const { entry, nodes } = await ready();
    const answers = await Promise.all([store, other, store, other].map((it) => take(entry, nodes, it)));
    const taken = answers.filter((it) => typeof it !== 'string');
    for (const it of taken) for (const claim of [it.claim, ...it.nodes]) own(claim);
    expect([taken.length, contenders().length]).toEqual([1, 3]);
  });

  test('whose answer is lost, and which was cancelled before that was found out, leaves nothing locked', async () => {
    const { entry, nodes } = await ready();
    world.server.dropReply(TRANSACTION);
    zk.onState((state) => {
      if (state === 'suspended') void other.requests.delete(entry.id);
    });
    expect(await take(entry, nodes)).toBe('request');
    await until(() => contenders().length === 0);
  });
});

describe('finishing', () => {
  async function inHand() {
    const entry = await waitingRequest();
    const claim = own(await store.requests.claimAs(entry, { state: 'pending' }, never))!;
    const nodes = [
      own(await store.nodes.create({ ...node, allocatedTo: entry.id }, never)),
      own(await store.nodes.create({ ...node, allocatedTo: entry.id }, never)),
    ];
    const handOver = nodes.map((it) => ({ claim: it, change: { state: 'ready' } as const }));
    return {
      claim,
      nodes,
      finish: () => claim.finish({ state: 'fulfilled', nodes: nodes.map((it) => it.id) }, handOver),
    };
  }

  test.each(['nothing', 'dropReply', 'dropRequest'] as const)(
    'shows all at once, unlocked, after %s',
    async (fault) => {
      const { claim, nodes, finish } = await inHand();
      const views = { nodes: other.nodes.view(), requests: other.requests.view() };
      await views.nodes.settled();
      await views.requests.settled();
      const seen: unknown[] = [];
      views.requests.onChange(() => {
        if (views.requests.requests.get(claim.id)?.record?.state !== 'fulfilled') return;
        void other.nodes
          .read()
          .then((all) => seen.push(...[...all.values()].map((it) => [it.record?.state, it.locked])));
      });
      if (fault !== 'nothing') world.server[fault]({ op: 'transaction' });
      const stored = await finish();
      expect(stored.record).toMatchObject({ state: 'fulfilled', nodes: nodes.map((it) => it.id) });
      expect(await other.requests.get(claim.id)).toEqual(stored);
      await until(() => seen.length > 0);
      expect(seen).toEqual([
        ['ready', false],
        ['ready', false],
      ]);
      expect(contenders()).toEqual([]);
      expect([claim, ...nodes].map((it) => it.isHeld())).toEqual([false, false, false]);
      await until(() => [claim, ...nodes].every((it) => it.signal.aborted));
    },
  );

  test('is done although the request was taken and deleted before the answer was found lost', async () => {
    const { claim, finish } = await inHand();
    world.server.dropReply({ op: 'transaction' });
    zk.onState((state) => {
      if (state === 'suspended') void other.requests.delete(claim.id);
    });
    await expect(finish()).resolves.toMatchObject({ record: { state: 'pending' } });
    expect([...(await other.nodes.read()).values()].map((it) => it.record?.state)).toEqual(['ready', 'ready']);
  });

  test('writes nothing when one node is lost, and names it', async () => {
    const { claim, nodes, finish } = await inHand();
    await other.nodes.remove(nodes[1]!.id);
    await expect(finish()).rejects.toMatchObject({
      name: 'ClaimLostError',
      path: `/nodepool/nodes/${nodes[1]!.id}`,
      reason: 'record-gone',
    });
    expect((await other.nodes.get(nodes[0]!.id))?.record.state).toBe('building');
    await claim.write({ state: 'failed' });
  });

  test('writes nothing when the request was cancelled', async () => {
    const { claim, nodes, finish } = await inHand();
    await other.requests.delete(claim.id);
    await expect(finish()).rejects.toMatchObject({ path: `/nodepool/requests/${claim.id}`, reason: 'record-gone' });
    for (const it of nodes) await it.writeAndRelease({ state: 'ready', allocatedTo: null });
    expect([...(await other.nodes.read()).values()].map((it) => [it.record?.state, it.locked])).toEqual([
      ['ready', false],
      ['ready', false],
    ]);
  });

  test('writes nothing once the session is lost', async () => {
    const { finish } = await inHand();
    world.server.expire(zk);
    await expect(finish()).rejects.toMatchObject({ reason: 'lock-gone' });
    expect([...(await other.nodes.read()).values()].map((it) => it.record?.state)).toEqual(['building', 'building']);
  });
});

test('an unlocking write fails like any other, and the lock stays', async () => {
  const claim = own(await store.nodes.create(node, never));
  await expect(claim.writeAndRelease({ state: 'in-use' })).rejects.toThrow('does not move');
  expect(claim.isHeld()).toBe(true);
  await claim.writeAndRelease({ state: 'ready' });
  expect(claim.isHeld()).toBe(false);
  const lock = await acquireLock(
    zk,
    `/nodepool/nodes/${claim.id}/lock`,
    { signal: never, timeoutMs: 0 },
    world.tools(zk),
  );
  await lock!.release();
});
