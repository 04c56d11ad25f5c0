import { newNode, printNode } from '../../../src/model/node-record';
import { MoveError } from '../../../src/model/record-error';
import { ClaimLostError } from '../../../src/store/api';
import { TreeNodes } from '../../../src/store/nodes';
import type { ZooKeeper } from '../../../src/zk/client';
import { never, World } from './world';

const LOCK = /^[0-9a-f]{32}__lock__\d{10}$/;
const building = newNode({ state: 'building', provider: 'east', pool: 'main', type: ['small'], stateTime: 5 });

let world: World;
let zk: ZooKeeper;
let nodes: TreeNodes;

beforeEach(async () => {
  world = new World();
  const parts = await world.parts();
  zk = parts.zk;
  nodes = treeNodes(parts);
});
afterEach(() => world.close());

const treeNodes = (parts: ConstructorParameters<typeof TreeNodes>[0]) =>
  new TreeNodes(parts, () => {
    throw new Error('no view here');
  });
const stored = () => world.below('/nodepool/nodes');
const states = () =>
  Object.fromEntries(
    Object.entries(stored()).flatMap(([path, text]) =>
      path.includes('/') ? [] : [[path, text === '' ? 'empty' : (JSON.parse(text) as { state: string }).state]],
    ),
  );

/** Ops of the two writes that make a node. */
const CREATE = { op: 'create', path: /^\/nodepool\/nodes\/$/ } as const;
const LOCKING = { op: 'transaction', path: /__lock__/ } as const;

describe('creating', () => {
  test('leaves a locked record with a ten digit id and nothing of the token', async () => {
    const claim = await nodes.create(building, never);
    expect(claim.id).toBe('0000000000');
    expect(claim.current.record).toEqual(building);
    const [contender, ...more] = await zk.children('/nodepool/nodes/0000000000/lock').then((it) => it.children);
    expect([contender, more]).toEqual([expect.stringMatching(LOCK), []]);
    expect((await nodes.get(claim.id))?.record).toEqual(building);
    expect(claim.isHeld()).toBe(true);
    expect(claim.fence).toBe((await zk.exists(`/nodepool/nodes/0000000000/lock/${contender}`))?.czxid);
    await claim.release();
    expect(claim.signal.aborted).toBe(true);
    expect(Object.keys(stored())).toEqual(['0000000000', '0000000000/lock']);
  });

  test.each([
    ['the answer to the create', () => world.server.dropReply(CREATE)],
    ['the create itself', () => world.server.dropRequest(CREATE)],
    ['the answer to the locking', () => world.server.dropReply(LOCKING)],
    ['the locking itself', () => world.server.dropRequest(LOCKING)],
    [
      'both answers',
      () => {
        world.server.dropReply(CREATE);
        world.server.dropReply(LOCKING);
      },
    ],
  ])('makes one node though %s is lost', async (_what, drop) => {
    await nodes.create(building, never).then((it) => it.release()); // the directory is there, and another node
    drop();
    const claim = await nodes.create(building, never);
    expect(states()).toEqual({ '0000000000': 'building', [claim.id]: 'building' });
    await claim.write({ state: 'ready' });
    expect(states()[claim.id]).toBe('ready');
  });

  test('happens only if the extra steps hold', async () => {
    await zk.create('/quota', Buffer.alloc(0));
    const step = { op: 'set', path: '/quota', data: Buffer.from('1'), version: 0 } as const;
    await nodes.create(building, never, [step]);
    await expect(nodes.create(building, never, [step])).rejects.toMatchObject({ code: 'BAD_VERSION' });
    expect(Object.values(states())).toEqual(['building']);
  });

  test('takes the extra steps once though the answer is lost', async () => {
    await nodes.create(building, never);
    await zk.create('/quota', Buffer.alloc(0));
    world.server.dropReply({ op: 'transaction', path: '/quota' });
    await nodes.create(building, never, [{ op: 'set', path: '/quota', data: Buffer.from('1'), version: 0 }]);
    expect((await zk.exists('/quota'))?.version).toBe(1);
    expect(Object.values(states())).toEqual(['building', 'building']);
  });

  test('locks its node although somebody made the lock directory first', async () => {
    const other = await world.connect();
    await nodes.create(building, never);
    const made = new Promise<void>((done) => {
      void other.addWatch('/nodepool/nodes', 'persistent-recursive', ({ type, path }) => {
        if (type !== 'created' || path !== '/nodepool/nodes/0000000001') return;
        void other.create(`${path}/lock`, Buffer.alloc(0)).then(() => done());
      });
    });
    world.server.dropRequest(LOCKING); // time for the other
    const claim = await nodes.create(building, never);
    await made;
    expect(claim.current.record).toMatchObject({ state: 'building', comment: null });
    expect(Object.keys(stored()).filter((it) => it.startsWith('0000000001/lock/'))).toHaveLength(1);
  });

  test('lets a node go that an operator has locked first and marked for deletion', async () => {
    const other = await world.connect();
    const path = '/nodepool/nodes/0000000001';
    await nodes.create(building, never);
    const locked = new Promise<string>((done) => {
      void other.addWatch('/nodepool/nodes', 'persistent-recursive', (event) => {
        if (event.type !== 'created' || event.path !== path) return;
        void other
          .create(`${path}/lock`, Buffer.alloc(0))
          .then(() => other.create(`${path}/lock/other__lock__`, Buffer.alloc(0), { mode: 'ephemeral-sequential' }))
          .then((it) => done(it.path));
      });
    });
    world.server.dropRequest(LOCKING); // time for the other
    const creating = expect(nodes.create(building, never)).rejects.toMatchObject({ reason: 'record-changed' });
    const contender = await locked;
    await other.set(path, printNode({ ...building, state: 'deleting' }));
    await other.delete(contender);
    await creating;
    expect((await zk.children(`${path}/lock`)).children).toEqual([]);
    expect(states()['0000000001']).toBe('deleting');
  });

  test('makes several in one transaction, which are then locked one by one', async () => {
    const made = await nodes.createAll([building, { ...building, type: ['large'] }], never);
    expect(Object.values(states())).toEqual(['init', 'init']);
    const claims = await Promise.all(made.map((it) => it.lock()));
    expect(claims.map((it) => it.current.record.type)).toEqual([['small'], ['large']]);
    expect(Object.values(states())).toEqual(['building', 'building']);
  });

  test.each(['dropReply', 'dropRequest'] as const)('makes several once after %s', async (fault) => {
    await nodes.create(building, never);
    world.server[fault]({ op: 'transaction', path: /^\/nodepool\/nodes\/$/ });
    const made = await nodes.createAll([building, { ...building, type: ['large'] }], never);
    const claims = await Promise.all(made.map((it) => it.lock()));
    expect(claims.map((it) => it.current.record.type)).toEqual([['small'], ['large']]);
    expect(Object.values(states())).toHaveLength(3);
  });

  test('that is given up leaves nothing behind', async () => {
    await nodes.create(building, never);
    const gaveUp = new AbortController();
    world.server.suspend(zk);
    const creating = nodes.create(building, gaveUp.signal);
    gaveUp.abort(new Error('enough'));
    await expect(creating).rejects.toThrow('enough');
    world.server.resume(zk);
    await zk.connected();
    await zk.sync('/');
    expect(Object.values(states())).toEqual(['building']);
  });

  test('whose session is lost before the lock fails and the record goes', async () => {
    await nodes.create(building, never).then((it) => it.release());
    world.server.dropRequest(LOCKING);
    world.server.suspend(zk);
    world.server.resume(zk);
    const lost = nodes.create(building, never);
    const gone = expect(lost).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    await new Promise<void>((done) => {
      const stop = zk.onState((state) => {
        if (state !== 'suspended') return;
        stop();
        world.server.expire(zk);
        done();
      });
    });
    await gone;
    await until(() => Object.keys(states()).length === 1);
  });
});

/** Turns until `holds`; the work it waits for is in this process and under way. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setImmediate(done));
}

describe('writing', () => {
  test('stamps the state time only when the state changes', async () => {
    const claim = await nodes.create(building, never);
    const same = await claim.write({ interfaceIp: '10.0.0.1' });
    expect(same.record).toMatchObject({ stateTime: 5, interfaceIp: '10.0.0.1' });
    const moved = await claim.write({ state: 'ready' });
    expect(moved.record.stateTime).toBeGreaterThan(1_600_000_000);
    expect((await nodes.get(claim.id))?.record).toEqual(moved.record);
    expect([same.version, moved.version]).toEqual([2, 3]);
  });

  test('of several at once happens in order', async () => {
    const claim = await nodes.create(building, never);
    await Promise.all([claim.write({ az: 'a' }), claim.write({ region: 'b' }), claim.write({ state: 'ready' })]);
    expect((await nodes.get(claim.id))?.record).toMatchObject({ az: 'a', region: 'b', state: 'ready' });
  });

  test('refuses a move that is none, and still writes others', async () => {
    const claim = await nodes.create(building, never);
    await expect(claim.write({ state: 'in-use' })).rejects.toThrow(MoveError);
    await expect(claim.write({ state: 'ready' })).resolves.toBeDefined();
  });

  test.each(['dropReply', 'dropRequest'] as const)('happens once after %s', async (fault) => {
    const claim = await nodes.create(building, never);
    world.server[fault]({ op: 'transaction' });
    const written = await claim.write({ state: 'ready' });
    expect(written.version).toBe(2);
    expect(await nodes.get(claim.id)).toEqual(written);
  });

  test('fails when the record was changed, removed, or the contender deleted', async () => {
    const [changed, removed, unlocked] = [
      await nodes.create(building, never),
      await nodes.create(building, never),
      await nodes.create(building, never),
    ];
    const path = (it: { id: string }) => `/nodepool/nodes/${it.id}`;
    await zk.set(path(changed), (await zk.get(path(changed))).data);
    await nodes.remove(removed.id);
    const contender = Object.keys(stored()).find((it) => it.startsWith(`${unlocked.id}/lock/`))!;
    await zk.delete(`/nodepool/nodes/${contender}`);
    const lost = (reason: string) => ({ name: 'ClaimLostError', reason });
    await expect(changed.write({ state: 'ready' })).rejects.toMatchObject(lost('record-changed'));
    await expect(removed.write({ state: 'ready' })).rejects.toMatchObject(lost('lock-gone'));
    await expect(unlocked.write({ state: 'ready' })).rejects.toMatchObject(lost('lock-gone'));
  });

  test('after the session was lost writes nothing', async () => {
    const claim = await nodes.create(building, never);
    const before = stored()[claim.id];
    world.server.expire(zk);
    await expect(claim.write({ state: 'ready' })).rejects.toThrow(ClaimLostError);
    expect(claim.isHeld()).toBe(false);
    expect(stored()[claim.id]).toBe(before);
  });

  test('with the session lost in the middle tells so', async () => {
    const claim = await nodes.create(building, never);
    world.server.dropRequest({ op: 'transaction' });
    const writing = expect(claim.write({ state: 'ready' })).rejects.toMatchObject({ reason: 'lock-gone' });
    const id = zk.session!.id;
    zk.onState((state) => {
      if (state === 'suspended') world.server.expire(id);
    });
    await writing;
  });
});

describe('claiming', () => {
  test('excludes another store, until released', async () => {
    const other = treeNodes(await world.parts());
    const claim = await nodes.create(building, never);
    expect(await other.claim(claim.id, never)).toBeUndefined();
    const waiting = other.claim(claim.id, never, 5_000);
    await claim.write({ state: 'ready' });
    await claim.release();
    expect((await waiting)?.current.record.state).toBe('ready');
    expect(await nodes.claim(claim.id, never)).toBeUndefined();
  });

  test('of two stores at once lets one in', async () => {
    const created = await nodes.create(building, never);
    await created.release();
    const stores = [nodes, treeNodes(await world.parts()), treeNodes(await world.parts())];
    const claims = await Promise.all(stores.map((it) => it.claim(created.id, never)));
    expect(claims.filter((it) => it !== undefined).length).toBeLessThanOrEqual(1);
    for (const it of claims) await it?.release();
    expect(await nodes.claim(created.id, never)).toBeDefined();
  });

  test('a node that is gone resurrects nothing', async () => {
    const claim = await nodes.create(building, never);
    await claim.remove();
    expect(await nodes.claim(claim.id, never)).toBeUndefined();
    expect(stored()).toEqual({});
  });

  test('an empty znode removes it', async () => {
    await zk.create('/nodepool', Buffer.alloc(0));
    await zk.create('/nodepool/nodes', Buffer.alloc(0));
    await zk.create('/nodepool/nodes/0000000007', Buffer.alloc(0));
    expect(await nodes.claim('0000000007', never)).toBeUndefined();
    expect(stored()).toEqual({});
  });

  test('a record that cannot be read says so and leaves no lock', async () => {
    const claim = await nodes.create(building, never);
    await claim.release();
    await zk.set(`/nodepool/nodes/${claim.id}`, Buffer.from('{"state":"lost"}'));
    await expect(nodes.claim(claim.id, never)).rejects.toThrow('state "lost" is unknown');
    expect(Object.keys(stored())).toEqual([claim.id, `${claim.id}/lock`]);
  });

  test('goes on after a lost link', async () => {
    const claim = await nodes.create(building, never);
    await claim.release();
    world.server.dropReply({ op: 'create', path: /__lock__/ });
    world.server.dropReply({ op: 'get' });
    expect(await nodes.claim(claim.id, never)).toBeDefined();
  });
});

describe('removing', () => {
  test.each([['nothing'], ['dropReply'], ['dropRequest']] as const)(
    'takes node and lock in one after %s',
    async (fault) => {
      const claim = await nodes.create(building, never);
      if (fault !== 'nothing') world.server[fault]({ op: 'transaction' });
      await claim.remove();
      expect(stored()).toEqual({});
      expect(claim.isHeld()).toBe(false);
      await claim.release();
    },
  );

  test('takes contenders that wait along', async () => {
    const other = await world.parts();
    const claim = await nodes.create(building, never);
    const quit = new AbortController();
    const waiting = treeNodes(other).claim(claim.id, quit.signal, 60_000);
    await until(() => Object.keys(stored()).length === 4);
    await claim.remove();
    expect(await waiting).toBeUndefined();
    expect(stored()).toEqual({});
  });

  test('fails when the record was changed, or the lock is gone', async () => {
    const claim = await nodes.create(building, never);
    await zk.set(`/nodepool/nodes/${claim.id}`, Buffer.from('{}'));
    await expect(claim.remove()).rejects.toMatchObject({ reason: 'record-changed' });
    const [contender] = (await zk.children(`/nodepool/nodes/${claim.id}/lock`)).children;
    await zk.delete(`/nodepool/nodes/${claim.id}/lock/${contender}`);
    await expect(claim.remove()).rejects.toMatchObject({ reason: 'lock-gone' });
  });

  test('is done when somebody erased the node', async () => {
    const claim = await nodes.create(building, never);
    await nodes.remove(claim.id);
    await claim.remove();
    expect(stored()).toEqual({});
  });
});

test('reading lists nodes, broken and empty ones too, without making lock directories', async () => {
  const claim = await nodes.create(building, never);
  await zk.create('/nodepool/nodes/0000000005', Buffer.from('nonsense'));
  await zk.create('/nodepool/nodes/0000000006', Buffer.alloc(0));
  const before = stored();
  const read = await nodes.read();
  expect([...read.values()].map((it) => [it.id, it.record?.state, it.broken, it.locked])).toEqual([
    [claim.id, 'building', undefined, true],
    ['0000000005', undefined, 'not JSON', false],
    ['0000000006', undefined, 'empty', false],
  ]);
  expect(stored()).toEqual(before);
  expect(await nodes.get('0000000006')).toBeUndefined();
  expect(await nodes.get('0000000009')).toBeUndefined();
});

test('erasing needs no lock and takes anything', async () => {
  const claim = await nodes.create(building, never);
  await zk.create('/nodepool/nodes/0000000005', Buffer.from('nonsense'));
  for (const id of [claim.id, '0000000005', '0000000009']) await nodes.remove(id);
  expect(stored()).toEqual({});
});
