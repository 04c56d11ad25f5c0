import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { WatchEvent, ZooKeeper } from '../../../src/zk/client';
import { connectZooKeeper, type EngineTools } from '../../../src/zk/engine';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { emptyTreeAfterFailure } from '../../support/empty-tree';

const tools: EngineTools = { clock: systemClock, random: systemRandom, log: silentLogger };

describe('the engine against a real server', () => {
  let server: PrivateServer;
  let zk: ZooKeeper;

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterAll(() => server.stop());

  beforeEach(async () => {
    zk = connectZooKeeper({ hosts: server.hosts, sessionTimeoutMs: 10_000 }, tools);
    await zk.connected();
  });
  afterEach(() => zk.close());

  const data = (text: string) => Buffer.from(text);

  describe('requests', () => {
    test('a znode is created, read, listed, changed and deleted', async () => {
      const made = await zk.create('/one', data('first'));
      expect(made).toMatchObject({ path: '/one', stat: { version: 0, dataLength: 5, ephemeralOwner: 0n } });
      expect(made.stat.czxid).toBeGreaterThan(0n);
      expect(Math.abs(made.stat.ctime - systemClock.wall())).toBeLessThan(60_000);
      expect(await zk.get('/one')).toEqual({ data: data('first'), stat: made.stat });
      expect(await zk.set('/one', data('second'), 0)).toMatchObject({ version: 1, dataLength: 6 });
      await expect(zk.set('/one', data('third'), 0)).rejects.toMatchObject({ code: 'BAD_VERSION', path: '/one' });
      expect((await zk.children('/')).children).toContain('one');
      expect(await zk.exists('/one')).toMatchObject({ version: 1 });
      await expect(zk.delete('/one', 0)).rejects.toMatchObject({ code: 'BAD_VERSION' });
      await zk.delete('/one', 1);
      expect(await zk.exists('/one')).toBeUndefined();
      await expect(zk.get('/one')).rejects.toMatchObject({ code: 'NO_NODE', path: '/one' });
    });

    test('ephemerals belong to the session', async () => {
      const { stat } = await zk.create('/mine', data(''), { mode: 'ephemeral' });
      expect(stat.ephemeralOwner).toBe(zk.session!.id);
      expect(await zk.ephemerals('/')).toEqual(['/mine']);
      await zk.delete('/mine');
    });

    test('a sequential create may leave the whole name to the server', async () => {
      await zk.create('/list', data(''));
      expect((await zk.create('/list/', data(''), { mode: 'persistent-sequential' })).path).toBe('/list/0000000000');
      expect((await zk.create('/list/n-', data(''), { mode: 'ephemeral-sequential' })).path).toBe('/list/n-0000000001');
      expect(await zk.countDescendants('/list')).toBe(2);
    });

    test('a transaction is all or nothing and names the step that failed', async () => {
      const { op } = { op: 'create' as const };
      const results = await zk.transaction([
        { op, path: '/t', data: data('x') },
        { op: 'set', path: '/t', data: data('y'), version: 0 },
        { op: 'check', path: '/t', version: 1 },
      ]);
      expect(results).toEqual([
        { op: 'create', path: '/t' },
        { op: 'set', stat: expect.objectContaining({ version: 1 }) as unknown },
        { op: 'check' },
      ]);
      const failing = zk.transaction([
        { op, path: '/u', data: data('') },
        { op: 'check', path: '/t', version: 0 },
        { op: 'delete', path: '/t' },
      ]);
      await expect(failing).rejects.toMatchObject({ code: 'BAD_VERSION', failedOp: 1, path: '/t' });
      expect(await zk.exists('/u')).toBeUndefined();
      await zk.delete('/t');
    });

    test.each(['check', 'set', 'delete'] as const)('version 0 in a %s of a transaction means zero', async (op) => {
      const path = `/zero-${op}`;
      await zk.create(path, data(''));
      await zk.set(path, data('1'));
      await expect(zk.transaction([{ op, path, data: data(''), version: 0 }])).rejects.toMatchObject({
        code: 'BAD_VERSION',
        failedOp: 0,
      });
    });

    test('many reads in one trip fail each for itself', async () => {
      await zk.create('/many', data('m'));
      const results = await zk.multiRead([
        { op: 'get', path: '/many' },
        { op: 'children', path: '/many' },
        { op: 'get', path: '/none' },
      ]);
      expect(results).toEqual([
        { op: 'get', data: data('m'), stat: expect.objectContaining({ version: 0 }) as unknown },
        { op: 'children', children: [] },
        { op: 'error', error: expect.objectContaining({ code: 'NO_NODE', path: '/none' }) as unknown },
      ]);
    });

    test('ACLs are read and written', async () => {
      await zk.create('/acl', data(''));
      const open = [{ permission: 31, scheme: 'world', id: 'anyone' }];
      expect((await zk.getAcl('/acl')).acl).toEqual(open);
      const limited = [{ permission: 1, scheme: 'world', id: 'anyone' }];
      expect(await zk.setAcl('/acl', limited, 0)).toMatchObject({ aversion: 1 });
      expect((await zk.getAcl('/acl')).acl).toEqual(limited);
      await expect(zk.set('/acl', data(''))).rejects.toMatchObject({ code: 'NO_AUTH' });
    });

    test.each(['', 'x', '/x/', '//', '/a//b', '/./a', '/a/..', '/nul\0'])('the path %j is refused', async (path) => {
      await expect(zk.get(path)).rejects.toMatchObject({ code: 'BAD_ARGUMENTS', path });
    });
  });

  describe('watches', () => {
    const next = (): { watcher: (event: WatchEvent) => void; event: Promise<WatchEvent> } => {
      let watcher!: (event: WatchEvent) => void;
      const event = new Promise<WatchEvent>((resolve) => (watcher = resolve));
      return { watcher, event };
    };

    test('one-shot watches of all kinds', async () => {
      const [created, changed, children, deleted] = [next(), next(), next(), next()];
      expect(await zk.exists('/w', { watcher: created.watcher })).toBeUndefined();
      await zk.create('/w', data(''));
      expect(await created.event).toMatchObject({ type: 'created', path: '/w' });
      await zk.get('/w', { watcher: changed.watcher });
      await zk.set('/w', data('1'));
      expect(await changed.event).toMatchObject({ type: 'changed', path: '/w' });
      await zk.children('/w', { watcher: children.watcher });
      await zk.create('/w/c', data(''));
      expect(await children.event).toMatchObject({ type: 'children', path: '/w' });
      await zk.exists('/w/c', { watcher: deleted.watcher });
      await zk.delete('/w/c');
      expect(await deleted.event).toMatchObject({ type: 'deleted', path: '/w/c' });
    });

    test('a recursive watch hears of the subtree and never of lists of children', async () => {
      await zk.create('/r', data(''));
      const seen: string[] = [];
      const handle = await zk.addWatch('/r', 'persistent-recursive', ({ type, path }) => seen.push(`${type} ${path}`));
      const other = next();
      await zk.create('/r/a', data(''));
      await zk.children('/r/a', { watcher: other.watcher });
      await zk.create('/r/a/b', data(''));
      await zk.set('/r/a', data('1'));
      await zk.delete('/r/a/b');
      await other.event;
      await zk.sync('/r');
      expect(seen).toEqual(['created /r/a', 'created /r/a/b', 'changed /r/a', 'deleted /r/a/b']);
      await handle.close();
      await zk.set('/r/a', data('2'));
      expect(seen).toHaveLength(4);
      expect(await server.members[0]!.ask('wchs')).toMatch(/Total watches:0/);
    });

    test('the last watcher that goes takes the watch off the server', async () => {
      await zk.create('/gone', data(''));
      const [one, two] = [() => undefined, () => undefined];
      await zk.get('/gone', { watcher: one });
      await zk.get('/gone', { watcher: two });
      await zk.removeWatcher('/gone', one);
      expect(await server.members[0]!.ask('wchs')).toMatch(/Total watches:1/);
      await zk.removeWatcher('/gone', two);
      expect(await server.members[0]!.ask('wchs')).toMatch(/Total watches:0/);
    });
  });
});
