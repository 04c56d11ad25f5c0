import type { ConnectionState, WatchEvent, ZooKeeper } from '../../../src/zk/client';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock, settle } from '../../support/fake-clock';

const NOTHING = Buffer.alloc(0);
const text = (value: string) => Buffer.from(value);

describe('the in-memory model', () => {
  let clock: FakeClock;
  let server: MemoryServer;
  let zk: ZooKeeper;
  let other: ZooKeeper;

  beforeEach(async () => {
    clock = new FakeClock();
    server = new MemoryServer({ clock });
    zk = server.connect({ sessionTimeoutMs: 6_000 });
    other = server.connect({ sessionTimeoutMs: 6_000 });
    await Promise.all([zk.connected(), other.connected()]);
  });
  afterEach(() => server.close());

  const states = (client: ZooKeeper): ConnectionState[] => {
    const seen: ConnectionState[] = [];
    client.onState((state) => seen.push(state));
    return seen;
  };

  test('numbers sequential znodes by the creations of the parent, not by what is there', async () => {
    await zk.create('/p', NOTHING);
    await zk.create('/p/plain', NOTHING);
    await zk.delete('/p/plain');
    const { path, stat } = await zk.create('/p/n-', NOTHING, { mode: 'ephemeral-sequential' });
    expect(path).toBe('/p/n-0000000001');
    expect(stat.ephemeralOwner).toBe(zk.session!.id);
    expect((await zk.exists('/p'))!.cversion).toBe(3);
  });

  test('carries a transaction out whole, under one zxid', async () => {
    const results = await zk.transaction([
      { op: 'create', path: '/a', data: text('1') },
      { op: 'set', path: '/a', data: text('2'), version: 0 },
      { op: 'create', path: '/a/b', data: NOTHING },
      { op: 'check', path: '/a', version: 1 },
    ]);
    expect(results.map((it) => it.op)).toEqual(['create', 'set', 'create', 'check']);
    const { data, stat } = await zk.get('/a');
    expect(data.toString()).toBe('2');
    expect([stat.mzxid, stat.pzxid]).toEqual([stat.czxid, stat.czxid]);
  });

  test('carries a transaction out not at all, telling which step failed', async () => {
    await zk.create('/a', text('old'));
    const before = server.dump();
    const failed = zk.transaction([
      { op: 'create', path: '/a/b', data: NOTHING },
      { op: 'set', path: '/a', data: text('new') },
      { op: 'delete', path: '/missing' },
    ]);
    await expect(failed).rejects.toMatchObject({ code: 'NO_NODE', failedOp: 2, path: '/missing' });
    expect(server.dump()).toEqual(before);
    expect(await zk.exists('/a')).toMatchObject({ version: 0, cversion: 0 });
  });

  test('tells one-shot watchers once and persistent ones always', async () => {
    await zk.create('/a', NOTHING);
    const [once, always]: [WatchEvent[], WatchEvent[]] = [[], []];
    await zk.get('/a', { watcher: (it) => once.push(it) });
    const handle = await zk.addWatch('/a', 'persistent-recursive', (it) => always.push(it));
    await other.set('/a', text('1'));
    await other.create('/a/b', NOTHING);
    await other.delete('/a/b');
    await settle();
    expect(once.map((it) => it.type)).toEqual(['changed']);
    expect(always.map((it) => `${it.type} ${it.path}`)).toEqual(['changed /a', 'created /a/b', 'deleted /a/b']);
    await handle.close();
    await other.set('/a', text('2'));
    await settle();
    expect(always).toHaveLength(3);
    expect(server.watches).toBe(0);
  });

  test('keeps the session over a short cut, replays one-shot watches and nothing for persistent ones', async () => {
    await zk.create('/e', NOTHING, { mode: 'ephemeral' });
    const [once, always]: [WatchEvent[], WatchEvent[]] = [[], []];
    await zk.get('/e', { watcher: (it) => once.push(it) });
    await zk.addWatch('/', 'persistent-recursive', (it) => always.push(it));
    const { id } = zk.session!;
    const seen = states(zk);
    server.suspend(zk);
    await expect(zk.get('/e')).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    await other.create('/later', NOTHING);
    await other.set('/e', text('1'));
    await clock.advance(3_000);
    server.resume(zk);
    await zk.connected();
    await settle();
    expect(zk.session!.id).toBe(id);
    expect(seen).toEqual(['suspended', 'connected']);
    expect(once.map((it) => it.type)).toEqual(['changed']);
    expect(always.filter((it) => it.path === '/later')).toEqual([]);
  });

  test('ends the session of a link that is cut for too long', async () => {
    await zk.create('/e', NOTHING, { mode: 'ephemeral' });
    const heard: WatchEvent[] = [];
    await zk.addWatch('/', 'persistent', (it) => heard.push(it));
    const old = zk.session!;
    const seen = states(zk);
    server.suspend(zk);
    expect(old.isLeased()).toBe(false);
    await clock.advance(5_999);
    expect([old.lost.aborted, server.dump().has('/e')]).toEqual([false, true]);
    await clock.advance(1);
    expect([old.lost.aborted, server.dump().has('/e')]).toEqual([true, false]);
    server.resume(zk);
    await zk.connected();
    expect(seen).toEqual(['suspended', 'lost', 'connected']);
    expect(heard.map((it) => it.type)).toEqual(['lost']);
    expect(zk.session!.epoch).toBe(2);
    expect(zk.session!.id).not.toBe(old.id);
  });

  test('carries a request out and loses its answer', async () => {
    server.dropReply({ client: zk, op: 'create' });
    await expect(zk.create('/a', NOTHING)).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    expect(server.dump().has('/a')).toBe(true);
    server.dropRequest({ path: /^\/b/ });
    await zk.connected();
    await expect(zk.create('/b', NOTHING)).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    expect(server.dump().has('/b')).toBe(false);
    server.failNext('create', 'THROTTLED_OP');
    await zk.connected();
    await expect(zk.create('/b', NOTHING)).rejects.toMatchObject({ code: 'THROTTLED_OP' });
    expect(server.pendingFaults).toBe(0);
  });

  test('notices a frozen link by the read timeout and keeps the session elsewhere', async () => {
    const session = zk.session!;
    server.freeze(zk);
    const reading = zk.exists('/');
    const impatient = zk.exists('/', { deadlineMs: 1_000 });
    const both = Promise.allSettled([reading, impatient]);
    await clock.advance(3_999);
    expect([zk.state, session.isLeased()]).toEqual(['connected', true]);
    await clock.advance(1);
    expect(session.isLeased()).toBe(true);
    expect((await both).map((it) => (it as PromiseRejectedResult).reason as unknown)).toMatchObject([
      { code: 'CONNECTION_LOSS' },
      { code: 'DEADLINE' },
    ]);
    expect(zk.session).toBe(session);
  });

  test('an expired session is learnt at once over a good link, only afterwards over a frozen one', async () => {
    server.freeze(zk);
    const [first, second] = [zk.session!, other.session!];
    server.expire(zk);
    server.expire(other);
    await settle();
    expect([first.lost.aborted, second.lost.aborted]).toEqual([false, true]);
    server.thaw(zk);
    await settle();
    expect([first.lost.aborted, zk.state]).toEqual([true, 'connected']);
  });

  test('runs no timer while all is well', () => {
    expect(clock.sleeping).toBe(0);
  });

  test('removes empty containers when swept', async () => {
    await zk.create('/c', NOTHING, { mode: 'container' });
    await zk.create('/c/x', NOTHING);
    server.sweep();
    await zk.delete('/c/x');
    expect(await zk.exists('/c')).toBeDefined();
    server.sweep();
    expect(await zk.exists('/c')).toBeUndefined();
  });

  test('fails everything once closed', async () => {
    const pending = zk.exists('/');
    const closing = zk.close();
    await expect(pending).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    await closing;
    await expect(zk.get('/')).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    await expect(zk.connected()).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    expect(server.sessionIds()).toEqual([other.session!.id]);
  });
});
