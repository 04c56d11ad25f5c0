import { RawJson } from '../../../src/model/json';
import { newRequest } from '../../../src/model/request-record';
import { TreeRequests } from '../../../src/store/requests';
import type { ZooKeeper } from '../../../src/zk/client';
import { never, World } from './world';

const request = newRequest({ nodeTypes: ['small'], requestor: 'me', stateTime: 5, createdTime: 1_700_000_000.5 });
const anonymous = newRequest({ nodeTypes: ['small'], requestor: 'NodePool:min-ready', stateTime: 5 });

let world: World;
let zk: ZooKeeper;
let requests: TreeRequests;

beforeEach(async () => {
  world = new World();
  const parts = await world.parts();
  zk = parts.zk;
  requests = treeRequests(parts);
});
afterEach(() => world.close());

const treeRequests = (parts: ConstructorParameters<typeof TreeRequests>[0]) =>
  new TreeRequests(parts, () => {
    throw new Error('no view here');
  });
const stored = () => Object.keys(world.below('/nodepool/requests'));
const locks = () => Object.keys(world.below('/nodepool/requests-lock'));

describe('creating', () => {
  test('names it by priority and number, and keeps when it was made to the millisecond', async () => {
    expect(await requests.create(request, 200, 'persistent')).toBe('200-0000000000');
    expect(await requests.create(request, 99, 'persistent')).toBe('099-0000000001');
    const { record } = (await requests.get('200-0000000000'))!;
    expect(record).toEqual({ ...request, createdTime: expect.closeTo(1_700_000_000.5, 2) as number });
    expect(Math.floor(record.createdTime! * 1000)).toBe(1_700_000_000_500);
    expect((await zk.exists('/nodepool/requests/200-0000000000'))?.ephemeralOwner).toBe(0n);
  });

  test('gives Nodepool’s own an event id, and ties it to the session if asked', async () => {
    const id = await requests.create(anonymous, 900, 'ephemeral');
    const { record } = (await requests.get(id))!;
    expect(record).toEqual({ ...anonymous, eventId: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
    expect((await requests.read()).get(id)?.ephemeral).toBe(true);
  });

  test.each([
    [request, 'persistent', 'dropReply'],
    [request, 'persistent', 'dropRequest'],
    [anonymous, 'ephemeral', 'dropReply'],
    [anonymous, 'ephemeral', 'dropRequest'],
  ] as const)('files one request (%#) though the link is lost', async (it, kind, fault) => {
    await requests.create(it, 200, kind); // a twin
    world.server[fault]({ op: 'create' });
    const id = await requests.create(it, 200, kind);
    expect(stored()).toEqual(['200-0000000000', id]);
  });

  test('is the first in the tree, and even that answer is lost', async () => {
    world.server.dropReply({ op: 'create' });
    expect(await requests.create(request, 200, 'persistent')).toBe('200-0000000000');
  });

  test('finds its own again although a launcher was quicker, and took it over', async () => {
    const other = await world.connect();
    await requests.create(request, 200, 'persistent');
    await other.addWatch('/nodepool/requests', 'persistent-recursive', ({ type, path }) => {
      if (type !== 'created') return;
      void other.get(path).then(({ data }) => {
        const pending = { ...(JSON.parse(data.toString()) as object), state: 'pending', state_time: 9, provider: null };
        return other.set(path, Buffer.from(JSON.stringify(pending)));
      });
    });
    world.server.dropReply({ op: 'create', client: zk });
    const id = await requests.create(request, 200, 'persistent');
    expect(stored()).toEqual(['200-0000000000', id]);
  });

  test('of a persistent one goes on over the end of a session', async () => {
    await requests.create(request, 200, 'persistent');
    world.server.dropReply({ op: 'create' });
    const id = zk.session!.id;
    zk.onState((state) => {
      if (state === 'suspended') world.server.expire(id);
    });
    await requests.create(request, 200, 'persistent');
    expect(stored()).toHaveLength(2);
  });

  test('of an ephemeral one ends with the session', async () => {
    await requests.create(request, 200, 'persistent');
    world.server.dropReply({ op: 'create' });
    const id = zk.session!.id;
    zk.onState((state) => {
      if (state === 'suspended') world.server.expire(id);
    });
    await expect(requests.create(request, 200, 'ephemeral')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    expect(stored()).toHaveLength(1);
  });
});

test('requestor data come back byte for byte through every write', async () => {
  const text = `{"span": {"trace_id": 263682778656125482492710237598244798609}, "big":"${'é'.repeat(50_000)}"}`;
  const id = await requests.create({ ...request, requestorData: RawJson.ofText(text) }, 200, 'persistent');
  const claim = (await requests.claim(id, never))!;
  await claim.write({ state: 'pending' });
  await claim.write({ state: 'fulfilled', nodes: ['0000000000'] });
  await claim.release();
  expect((await requests.get(id))?.record.requestorData?.text).toBe(text);
});

describe('claiming', () => {
  test('locks beside the request, and keeps the directory for the next', async () => {
    const id = await requests.create(request, 200, 'persistent');
    const claim = (await requests.claim(id, never))!;
    expect(locks()).toEqual([id, expect.stringMatching(new RegExp(`^${id}/[0-9a-f]{32}__lock__0000000000$`))]);
    expect([...(await requests.read()).values()].map((it) => it.locked)).toEqual([true]);
    await claim.release();
    expect(locks()).toEqual([id]);
  });

  test('a request that is gone leaves no lock behind', async () => {
    expect(await requests.claim('200-0000000007', never)).toBeUndefined();
    expect(locks()).toEqual([]);
  });

  test('a request that is cancelled meanwhile: the write tells, the removal cleans up', async () => {
    const id = await requests.create(request, 200, 'persistent');
    const claim = (await requests.claim(id, never))!;
    await requests.delete(id);
    await expect(claim.write({ state: 'pending' })).rejects.toMatchObject({ reason: 'record-gone' });
    await claim.remove();
    expect([stored(), locks()]).toEqual([[], []]);
  });

  test('a request revised in between: the stale write fails', async () => {
    const id = await requests.create(request, 200, 'persistent');
    const claim = (await requests.claim(id, never))!;
    const { data } = await zk.get(`/nodepool/requests/${id}`);
    await zk.set(`/nodepool/requests/${id}`, data);
    await expect(claim.write({ state: 'pending' })).rejects.toMatchObject({ reason: 'record-changed' });
  });

  test('a final request never moves', async () => {
    const id = await requests.create(request, 200, 'persistent');
    const claim = (await requests.claim(id, never))!;
    await claim.write({ state: 'failed' });
    await expect(claim.write({ state: 'requested' })).rejects.toThrow(
      'a request does not move from failed to requested',
    );
  });
});

test('a lock directory goes unless somebody contends for it', async () => {
  const id = await requests.create(request, 200, 'persistent');
  const claim = (await requests.claim(id, never))!;
  await requests.delete(id);
  await requests.removeLock(id);
  expect(locks()).toHaveLength(2);
  await claim.release();
  await requests.removeLock(id);
  await requests.removeLock(id);
  expect(locks()).toEqual([]);
});

test('reading lists odd and broken requests too', async () => {
  await requests.create(request, 200, 'persistent');
  await zk.create('/nodepool/requests/odd', Buffer.from('{}'));
  const read = await requests.read();
  expect([...read.values()].map((it) => [it.id, it.record?.state, it.broken, it.ephemeral, it.locked])).toEqual([
    ['200-0000000000', 'requested', undefined, false, false],
    ['odd', undefined, 'state is missing', false, false],
  ]);
  await requests.delete('odd');
  await requests.delete('odd');
});
