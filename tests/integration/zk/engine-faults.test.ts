import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { ConnectionState, ZooKeeper } from '../../../src/zk/client';
import type { ConnectOptions } from '../../../src/zk/connect';
import { connectZooKeeper } from '../../../src/zk/engine';
import { protectedCreate } from '../../../src/zk/protected-create';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { TcpProxy } from '../../support/tcp-proxy';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const EMPTY = Buffer.alloc(0);

const entered = (zk: ZooKeeper, wanted: ConnectionState) =>
  new Promise<void>((resolve) => {
    const stop = zk.onState((state) => {
      if (state !== wanted) return;
      stop();
      resolve();
    });
  });

describe('the engine and a server in trouble', () => {
  let server: PrivateServer;
  let proxy: TcpProxy;
  const open: ZooKeeper[] = [];

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
    proxy = await TcpProxy.open(server.members[0]!);
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterEach(async () => {
    proxy.mend();
    await Promise.all(open.splice(0).map((it) => it.close()));
  });
  afterAll(async () => {
    await proxy.close();
    await server.stop();
  });

  const connect = async (options: Partial<ConnectOptions> = {}) => {
    const zk = connectZooKeeper({ hosts: server.hosts, sessionTimeoutMs: 20_000, ...options }, tools);
    open.push(zk);
    await zk.connected();
    return zk;
  };

  test('a frozen server is noticed, and the session goes on when it thaws', async () => {
    const zk = await connect({ sessionTimeoutMs: 6_000 });
    const session = zk.session!;
    const member = server.members[0]!;
    const suspended = entered(zk, 'suspended');
    const begin = systemClock.monotonic();
    member.freeze();
    try {
      await suspended;
    } finally {
      member.thaw();
    }
    expect(systemClock.monotonic() - begin).toBeLessThan(6_000);
    expect(session.isLeased()).toBe(false);
    expect(await zk.connected()).toBe(session);
    expect(await zk.exists('/')).toBeDefined();
  });

  test('a black hole is noticed, and what it swallowed fails', async () => {
    const zk = await connect({ hosts: proxy.hosts, sessionTimeoutMs: 6_000 });
    const session = zk.session!;
    const suspended = entered(zk, 'suspended');
    proxy.silence(true);
    const write = zk.create('/swallowed', EMPTY);
    await expect(write).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    await suspended;
    proxy.silence(false);
    expect(await zk.connected()).toBe(session);
    expect(await zk.exists('/swallowed')).toBeUndefined();
  });

  test('a link that stays away makes the session lost, and the next has another epoch', async () => {
    const zk = await connect({ hosts: proxy.hosts, sessionTimeoutMs: 1_000 });
    const session = zk.session!;
    const { path } = await zk.create('/of-the-lost', EMPTY, { mode: 'ephemeral' });
    const lost = entered(zk, 'lost');
    proxy.cut(true);
    await lost;
    expect(session.lost.aborted).toBe(true);
    proxy.mend();
    expect(await zk.connected()).toMatchObject({ epoch: 2 });
    expect(await zk.exists(path)).toBeUndefined(); // buried or expired, in any case gone before the new session
  });

  test('after an event loop blocked for longer than the session, nothing believes in it any more', async () => {
    const zk = await connect({ sessionTimeoutMs: 1_000 });
    const rival = await connect();
    const session = zk.session!;
    const { path } = await zk.create('/blocked', EMPTY, { mode: 'ephemeral' });
    const again = new Promise((resolve) => session.lost.addEventListener('abort', resolve, { once: true }));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
    expect(session.isLeased()).toBe(false); // in the very turn, though the state cannot know yet
    const gone = new Promise<void>((resolve, reject) => {
      rival
        .exists(path, { watcher: () => resolve() })
        .then((stat) => (stat === undefined ? resolve() : undefined), reject);
    });
    await Promise.all([again, gone]);
    expect(await zk.connected()).toMatchObject({ epoch: 2 });
  });

  test.each([20_000, 200_000])(
    '%d watches survive a reconnect',
    async (count) => {
      const zk = await connect({ hosts: proxy.hosts, sessionTimeoutMs: 60_000 });
      const heard: string[] = [];
      const long = 'a-name-of-sixty-bytes-is-what-broke-other-clients-'.padEnd(55, 'x');
      const watcher = ({ type, path }: { type: string; path: string }) => void heard.push(`${type} ${path}`);
      const paths = Array.from({ length: count }, (_, index) => `/${long}${index}`);
      await Promise.all(paths.map((it) => zk.exists(it, { watcher, deadlineMs: 120_000 })));
      const back = entered(zk, 'connected');
      proxy.cut();
      await back;
      const other = await connect();
      const touched = [paths[0]!, paths.at(-1)!];
      for (const path of touched) await other.create(path, EMPTY);
      await zk.sync('/'); // answered after the watches, which may still be on their way when the state is 'connected'
      expect(heard).toEqual([`created ${paths[0]}`, `created ${paths.at(-1)}`]);
      expect(await server.members[0]!.ask('wchs')).toContain(`Total watches:${count - 2}`);
      for (const path of touched) await other.delete(path);
    },
    180_000,
  );

  test('a change during the cut is told by the watch', async () => {
    const zk = await connect({ hosts: proxy.hosts });
    const other = await connect();
    const { path } = await other.create('/changed-meanwhile', EMPTY);
    const event = new Promise((resolve, reject) => {
      zk.get(path, { watcher: resolve }).catch(reject);
    });
    await zk.sync('/');
    const suspended = entered(zk, 'suspended');
    proxy.cut(true);
    await suspended;
    await other.set(path, Buffer.from('new'));
    proxy.mend();
    expect(await event).toMatchObject({ type: 'changed', path });
  });

  test('100,000 requests at once are all answered, at most 1,000 of them in flight', async () => {
    const zk = await connect();
    await zk.create('/flood', Buffer.from('x'));
    const all = await Promise.all(Array.from({ length: 100_000 }, () => zk.get('/flood', { deadlineMs: 60_000 })));
    expect(all.every((it) => it.data.toString() === 'x')).toBe(true);
  });

  test('a frame of 1,048,575 bytes is accepted, one more is refused before it is sent', async () => {
    const zk = await connect();
    const { path } = await zk.create('/size', EMPTY);
    const most = 1_048_575 - 8 - 4 - path.length - 4 - 4;
    for (const size of [most - 1, most]) {
      expect(await zk.set(path, Buffer.alloc(size, 1))).toMatchObject({ dataLength: size });
    }
    await expect(zk.set(path, Buffer.alloc(most + 1))).rejects.toMatchObject({ code: 'TOO_LARGE', path });
    expect(zk.state).toBe('connected');
    await zk.delete(path);
  });

  test('a protected create leaves one znode, though its answers get lost', async () => {
    const zk = await connect({ hosts: proxy.hosts });
    const other = await connect();
    await other.create('/protected', EMPTY);
    const signal = new AbortController().signal;
    for (let round = 0; round < 5; round += 1) {
      const made = new Promise<void>((resolve, reject) => {
        other.children('/protected', { watcher: () => resolve() }).catch(reject);
      });
      await other.sync('/');
      const node = protectedCreate(zk, '/protected', EMPTY, {
        tools,
        signal,
        mode: 'ephemeral-sequential',
        suffix: '__lock__',
      });
      proxy.deaf(true); // requests pass, answers do not
      await made;
      proxy.deaf(false);
      const { path, stat, hex } = await node;
      expect(stat.ephemeralOwner).toBe(zk.session!.id);
      expect(path).toMatch(new RegExp(`^/protected/${hex}__lock__\\d{10}$`));
      expect((await other.children('/protected')).children).toHaveLength(round + 1);
    }
  });

  test('a protected create that is given up leaves nothing', async () => {
    const zk = await connect({ hosts: proxy.hosts });
    const other = await connect();
    await other.create('/given-up', EMPTY);
    const gone = new Promise<void>((resolve, reject) => {
      let seen = 0;
      const look = () => {
        seen += 1;
        if (seen === 2) resolve();
        else other.children('/given-up', { watcher: look }).catch(reject);
      };
      other.children('/given-up', { watcher: look }).catch(reject);
    });
    await other.sync('/');
    const abort = new AbortController();
    const node = protectedCreate(zk, '/given-up', EMPTY, {
      tools,
      signal: abort.signal,
      mode: 'persistent-sequential',
    });
    proxy.deaf(true);
    await new Promise<void>((resolve, reject) => {
      other
        .children('/given-up', { watcher: () => resolve() })
        .then(({ children }) => (children.length > 0 ? resolve() : undefined), reject);
    });
    abort.abort(new Error('enough'));
    await expect(node).rejects.toThrow('enough');
    proxy.deaf(false);
    await gone;
    expect((await other.children('/given-up')).children).toEqual([]);
  });

  describe('paths and hosts', () => {
    test('everything below a chroot looks as if there were none', async () => {
      const plain = await connect();
      const zk = await connect({ hosts: `${server.hosts}/of/zuul` });
      await plain.create('/of', EMPTY);
      expect((await zk.create('/', EMPTY)).path).toBe('/'); // the last component is made on demand
      const events: string[] = [];
      await zk.addWatch('/', 'persistent-recursive', ({ type, path }) => events.push(`${type} ${path}`));
      const { path } = await zk.create('/n-', EMPTY, { mode: 'ephemeral-sequential' });
      expect(path).toBe('/n-0000000000');
      expect(await zk.transaction([{ op: 'create', path: '/t', data: EMPTY }])).toEqual([{ op: 'create', path: '/t' }]);
      expect(await zk.ephemerals('/')).toEqual([path]);
      expect([...(await zk.children('/')).children].sort()).toEqual(['n-0000000000', 't']);
      await zk.sync('/');
      expect(events).toEqual([`created ${path}`, 'created /t']);
      expect((await plain.children('/of/zuul')).children).toHaveLength(2);
      await expect(zk.get('/none')).rejects.toMatchObject({ code: 'NO_NODE', path: '/none' });
    });

    test('a chroot repeated for each server is the odd one that Python makes of it', async () => {
      const plain = await connect();
      const zk = await connect({ hosts: `${server.hosts}/np,127.0.0.1:1/np` });
      await plain.create('/np,127.0.0.1:1', EMPTY);
      await zk.create('/', EMPTY);
      expect(await plain.exists('/np,127.0.0.1:1/np')).toBeDefined();
    });

    test('an IPv6 literal is an address', async () => {
      const zk = await connect({ hosts: `[::ffff:127.0.0.1]:${server.members[0]!.port}` });
      expect(await zk.exists('/')).toBeDefined();
    });
  });

  test('digest credentials open what they protect, also after a reconnect', async () => {
    const zk = await connect({ hosts: proxy.hosts });
    await zk.addAuth('digest', Buffer.from('ann:secret'));
    await zk.create('/private', Buffer.from('x'), { acl: [{ permission: 31, scheme: 'auth', id: '' }] });
    const stranger = await connect();
    await expect(stranger.get('/private')).rejects.toMatchObject({ code: 'NO_AUTH' });
    const back = entered(zk, 'connected').then(() => zk.get('/private'));
    proxy.cut();
    expect((await back).data.toString()).toBe('x');
  });

  test('a scheme that the server does not know costs the session, not the client', async () => {
    const zk = await connect();
    const session = zk.session!;
    await expect(zk.addAuth('no-such-scheme', EMPTY)).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    expect(session.lost.aborted).toBe(true);
    expect(await zk.connected()).toMatchObject({ epoch: 2 });
  });
});
