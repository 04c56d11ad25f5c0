import { newBuild, newUpload } from '../../../src/model/image-records';
import { newNode } from '../../../src/model/node-record';
import { newRequest } from '../../../src/model/request-record';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { Store } from '../../../src/store/api';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { readTree, treeNames } from '../../support/fixture-tree';
import { putTree } from '../../support/put-tree';

const never = new AbortController().signal;
const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const node = newNode({ state: 'building', provider: 'east', pool: 'main', type: ['small'], stateTime: 5 });

describe('a store on a real ZooKeeper', () => {
  let server: PrivateServer;
  const clients: ZooKeeper[] = [];
  const stores: Store[] = [];

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterEach(async () => {
    server.members[0]!.thaw();
    for (const it of stores.splice(0)) await it.close();
    for (const it of clients.splice(0)) await it.close();
  });
  afterAll(() => server.stop());

  /** A store in a tree of its own; the same `name` leads to the same tree. */
  async function open(name: string, timeoutSeconds = 5): Promise<Store> {
    const zk = await openZooKeeper({ hosts: `${server.hosts}/${name}`, timeoutSeconds }, tools);
    clients.push(zk);
    await zk.connected();
    const store = openStore(zk, tools);
    stores.push(store);
    return store;
  }

  test('a node from creation to removal, as another participant sees it', async () => {
    const [mine, theirs] = [await open('life'), await open('life')];
    const view = theirs.nodes.view();
    await view.ready();
    const claim = await mine.nodes.create(node, never);
    expect(await theirs.nodes.claim(claim.id, never)).toBeUndefined();
    await view.settled();
    expect(view.nodes.get(claim.id)).toMatchObject({ locked: true, record: { state: 'building' } });
    await claim.write({ state: 'ready' });
    await claim.release();
    const taken = (await theirs.nodes.claim(claim.id, never))!;
    expect(taken.fence).toBeGreaterThan(claim.fence);
    await taken.write({ state: 'deleting' });
    await taken.remove();
    await view.settled();
    expect(view.nodes.size).toBe(0);
    expect((await mine.zk.children('/nodepool/nodes')).children).toEqual([]);
  });

  test('what a frozen owner writes after its session is refused, and nothing of it is in the tree', async () => {
    const [frozen, other] = [await open('frozen', 2), await open('frozen')];
    const claim = await frozen.nodes.create(node, never);
    await expireSession(frozen.zk.session!.lost);
    const stolen = (await other.nodes.claim(claim.id, never, 20_000))!;
    await stolen.write({ state: 'deleting' });
    await expect(claim.write({ state: 'ready' })).rejects.toMatchObject({ name: 'ClaimLostError' });
    expect(claim.isHeld()).toBe(false);
    expect((await other.nodes.get(claim.id))?.record.state).toBe('deleting');
    await stolen.remove();
  });

  /** Freezes the server until the client gives its session up by its own clock; the server ends it on thawing. */
  async function expireSession(lost: AbortSignal): Promise<void> {
    const [member] = server.members;
    const over = new Promise((done) => lost.addEventListener('abort', done, { once: true }));
    member!.freeze();
    await over;
    member!.thaw();
  }

  test('of many racing stores one holds, and every record is written by its holder alone', async () => {
    const racing = await Promise.all(Array.from({ length: 6 }, () => open('race')));
    const created = await racing[0]!.nodes.create(node, never);
    await created.release();
    let holders = 0;
    let most = 0;
    const rounds = racing.map(async (store, index) => {
      for (let round = 0; round < 10; round += 1) {
        const claim = (await store.nodes.claim(created.id, never, 60_000))!;
        holders += 1;
        most = Math.max(most, holders);
        const before = claim.current.record.slot ?? 0;
        await claim.write({ slot: before + 1, az: String(index) });
        holders -= 1;
        await claim.release();
      }
    });
    await Promise.all(rounds);
    expect(most).toBe(1);
    expect((await racing[0]!.nodes.get(created.id))?.record.slot).toBe(60);
  });

  test('images and requests, too', async () => {
    const store = await open('images');
    const views = { images: store.images.view(), requests: store.requests.view() };
    const image = (await store.images.claimImage('deb', never))!;
    const { key, stored } = await image.createBuild(
      newBuild({ builder: 'b', builderId: 'i', formats: [], stateTime: 1 }),
    );
    await image.writeBuild(key, stored, { state: 'ready' });
    const uploads = (await store.images.claimUploads(key, 'east', never))!;
    const upload = newUpload({ stateTime: 1, username: null, pythonPath: null, shellType: null });
    expect((await uploads.createUpload(upload)).key.upload).toBe('0000000001');
    const id = await store.requests.create(
      newRequest({ nodeTypes: ['a'], requestor: 'me', stateTime: 1 }),
      200,
      'ephemeral',
    );
    expect(id).toBe('200-0000000000');
    await views.images.settled();
    await views.requests.settled();
    expect(views.images.images).toEqual(await store.images.read());
    expect(views.requests.requests).toEqual(await store.requests.read());
  });

  test('every recorded tree is read whole by views and directly', async () => {
    for (const name of treeNames()) {
      const store = await open(name);
      await putTree(store.zk, readTree(name));
      const views = [store.nodes.view(), store.requests.view(), store.images.view(), store.components.view()] as const;
      await Promise.all(views.map((it) => it.settled()));
      expect(views[0].nodes).toEqual(await store.nodes.read());
      expect(views[1].requests).toEqual(await store.requests.read());
      expect(views[2].images).toEqual(await store.images.read());
      expect([...views[2].images.values()].flatMap((it) => [...it.builds.values()]).filter((it) => it.broken)).toEqual(
        [],
      );
      expect([...views[0].nodes.values(), ...views[1].requests.values()].filter((it) => it.broken)).toEqual([]);
    }
  });

  test('a request and its node take few requests of their launcher', async () => {
    const [mine, theirs] = [await open('cost'), await open('cost')];
    await mine.nodes.create(node, never).then((it) => it.remove()); // makes the directories
    await mine.requests.claim('200-0000009999', never);
    const requests = mine.requests.view();
    const nodes = mine.nodes.view();
    const id = await theirs.requests.create(
      newRequest({ nodeTypes: ['a'], requestor: 'me', stateTime: 1 }),
      200,
      'persistent',
    );
    await Promise.all([requests.settled(), nodes.settled()]);
    const count = countRequests(mine.zk);

    const request = (await mine.requests.claimAs(requests.requests.get(id)!, { state: 'pending' }, never))!;
    const claim = await mine.nodes.create(node, never);
    await claim.write({ externalId: 'instance' });
    await request.finish({ state: 'fulfilled', nodes: [claim.id] }, [{ claim, change: { state: 'ready' } }]);
    const used = (await theirs.nodes.claim(claim.id, never))!;
    await used.write({ state: 'in-use' });
    await used.writeAndRelease({ state: 'used' });
    await nodes.settled();
    const before = { ...count };
    const deleter = (await mine.nodes.claimAs(nodes.nodes.get(claim.id)!, { state: 'deleting' }, never))!;
    await deleter.remove();

    expect(count.writes).toBe(7); // pending, create, building, instance, handed over, deleting, removed
    expect(count.reads).toBeLessThanOrEqual(3); // one for each lock, which leaves the watch on our contender
    expect(before.writes).toBe(5);
  });
});

/** Requests made through `zk` from now on; `sync` and reads of the cached trees do not count. */
function countRequests(zk: ZooKeeper): { writes: number; reads: number } {
  const counts = { writes: 0, reads: 0 };
  const spy = (
    name: 'create' | 'set' | 'delete' | 'transaction' | 'get' | 'exists' | 'children',
    kind: keyof typeof counts,
  ) => {
    const original = zk[name].bind(zk) as (...args: unknown[]) => unknown;
    jest.spyOn(zk, name).mockImplementation(((...args: unknown[]) => {
      counts[kind] += 1;
      return original(...args);
    }) as never);
  };
  for (const it of ['create', 'set', 'delete', 'transaction'] as const) spy(it, 'writes');
  for (const it of ['get', 'exists', 'children'] as const) spy(it, 'reads');
  return counts;
}
