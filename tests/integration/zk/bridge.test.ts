import { once } from 'node:events';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { createBridgedClient } from '../../../src/zk/bridge';
import { type PackageAcl, type PackageClient, type PackageEvent, vocabulary } from '../../../src/zk/package-seam';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { TcpProxy } from '../../support/tcp-proxy';

const { ACL, Id, CreateMode, Exception, Permission, State } = vocabulary;
const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

describe("the package's client on our engine", () => {
  let server: PrivateServer;
  let proxy: TcpProxy;
  let client: PackageClient;

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
    proxy = await TcpProxy.open(server.members[0]!);
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterAll(async () => {
    await proxy.close();
    await server.stop();
  });

  const closeIt = async (it: PackageClient) => {
    const gone = it.getState() === State['DISCONNECTED'] ? undefined : once(it, 'disconnected');
    it.close();
    await gone;
  };

  const connectIt = async (hosts: string) => {
    const it = createBridgedClient({ hosts, sessionTimeoutMs: 10_000 }, tools);
    it.connect();
    await once(it, 'connected');
    return it;
  };

  beforeEach(async () => {
    client = await connectIt(proxy.hosts);
  });
  afterEach(() => closeIt(client));

  /** The value of one callback of the package's API. */
  const of = <T>(call: (done: (error: unknown, value: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => call((error, value) => (error ? reject(error as Error) : resolve(value))));

  const code = (name: string) => expect.objectContaining({ code: Exception[name], name }) as unknown;

  test('says what state it is in, and which session', async () => {
    expect(client.getState()).toBe(State['SYNC_CONNECTED']);
    expect(client.getSessionId().readBigUInt64BE()).toBeGreaterThan(0n);
    expect(client.getSessionTimeout()).toBe(10_000);
  });

  test('creates, reads, lists, changes and removes', async () => {
    expect(await of<string>((done) => client.create('/b', Buffer.from('1'), done))).toBe('/b');
    const [data, stat] = await new Promise<[Buffer, { version: number; ctime: Buffer; ephemeralOwner: Buffer }]>(
      (resolve) => client.getData('/b', (_error, ...values) => resolve(values)),
    );
    expect(data.toString()).toBe('1');
    expect(stat.version).toBe(0);
    expect(Math.abs(Number(stat.ctime.readBigInt64BE()) - systemClock.wall())).toBeLessThan(60_000);
    expect(await of((done) => client.setData('/b', Buffer.from('22'), 0, done))).toMatchObject({ version: 1 });
    expect(await of((done) => client.exists('/b', done))).toMatchObject({ dataLength: 2 });
    expect(await of((done) => client.exists('/nothing', done))).toBeNull();
    expect(await of((done) => client.getChildren('/', done))).toContain('b');
    await expect(of<void>((done) => client.remove('/b', 0, done as () => void))).rejects.toEqual(code('BAD_VERSION'));
    await of<void>((done) => client.remove('/b', 1, done as () => void));
    await expect(of((done) => client.getData('/b', done))).rejects.toEqual(code('NO_NODE'));
  });

  test('the modes mean what they say', async () => {
    await of((done) => client.create('/modes', Buffer.alloc(0), done));
    const path = await of<string>((done) =>
      client.create('/modes/n-', Buffer.alloc(0), ACL.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL, done),
    );
    expect(path).toBe('/modes/n-0000000000');
    const stat = await of<{ ephemeralOwner: Buffer } | null>((done) => client.exists(path, done));
    expect(stat!.ephemeralOwner).toEqual(client.getSessionId());
    expect(await of<string>((done) => client.mkdirp('/modes/a/b/c', done))).toBe('/modes/a/b/c');
    await of<void>((done) => client.removeRecursive('/modes/a/b', done as () => void));
    expect(await of((done) => client.getChildren('/modes/a', done))).toEqual([]);
  });

  test('ACLs of its own vocabulary', async () => {
    await of((done) => client.create('/acls', Buffer.alloc(0), done));
    const limited = [new ACL(Permission.READ, new Id('world', 'anyone'))];
    await of((done) => client.setACL('/acls', limited, -1, done));
    expect(await of((done) => client.getACL('/acls', done))).toEqual(limited);
    await expect(of((done) => client.setData('/acls', Buffer.alloc(0), done))).rejects.toEqual(code('NO_AUTH'));
  });

  test('watchers hear once, of what they watched', async () => {
    const next = (set: (watcher: (event: PackageEvent) => void) => Promise<unknown>) =>
      new Promise<string>((resolve, reject) => {
        set((it) => resolve(`${it.name} ${it.path}`)).catch(reject);
      });
    const created = next((watcher) => of((done) => client.exists('/watched', watcher, done)));
    await of((done) => client.create('/watched', Buffer.alloc(0), done));
    expect(await created).toBe('NODE_CREATED /watched');
    const changed = next((watcher) => of((done) => client.getData('/watched', watcher, done)));
    await of((done) => client.setData('/watched', Buffer.from('1'), done));
    expect(await changed).toBe('NODE_DATA_CHANGED /watched');
    const children = next((watcher) => of((done) => client.getChildren('/watched', watcher, done)));
    await of((done) => client.create('/watched/c', Buffer.alloc(0), done));
    expect(await children).toBe('NODE_CHILDREN_CHANGED /watched');
  });

  describe('a transaction', () => {
    test('is carried out whole', async () => {
      const results = await of<{ path?: string; stat?: { version: number } }[]>((done) =>
        client
          .transaction()
          .create('/tx', Buffer.from('1'))
          .setData('/tx', Buffer.from('2'), 0)
          .check('/tx', 1)
          .commit(done),
      );
      expect(results.map((it) => it.path ?? it.stat?.version)).toEqual(['/tx', 1, undefined]);
      await of<unknown>((done) => client.transaction().remove('/tx', 1).commit(done));
    });

    test('fails whole, with the error of each step', async () => {
      const [error, results] = await new Promise<[unknown, unknown]>((resolve) =>
        client
          .transaction()
          .create('/tx-no', Buffer.alloc(0))
          .check('/tx-none')
          .remove('/')
          .commit((...it) => resolve(it as unknown as [unknown, unknown])),
      );
      expect(error).toEqual(code('NO_NODE'));
      expect(results).toEqual(
        [0, Exception['NO_NODE'], Exception['RUNTIME_INCONSISTENCY']].map((err) => ({ type: -1, err })),
      );
    });

    test.each(['check', 'setData', 'remove'] as const)('version 0 in %s means zero', async (name) => {
      await of((done) => client.create(`/tx-${name}`, Buffer.alloc(0), done));
      await of((done) => client.setData(`/tx-${name}`, Buffer.from('1'), done));
      const step = client.transaction();
      if (name === 'setData') step.setData(`/tx-${name}`, Buffer.alloc(0), 0);
      else step[name](`/tx-${name}`, 0);
      await expect(of((done) => step.commit(done))).rejects.toEqual(code('BAD_VERSION'));
    });
  });

  test('what is too large fails alone and before it is sent', async () => {
    const [large, small] = await Promise.allSettled([
      of((done) => client.create('/large', Buffer.alloc(1_048_576), done)),
      of((done) => client.create('/small', Buffer.alloc(1), done)),
    ]);
    expect(large).toMatchObject({ status: 'rejected', reason: { name: 'TOO_LARGE' } });
    expect(small).toMatchObject({ status: 'fulfilled' });
  });

  test('a cut link is told, fails what is in flight, and comes back with the same session', async () => {
    const session = client.getSessionId();
    const watched = new Promise<PackageEvent>((resolve, reject) => {
      of((done) => client.exists('/after-cut', resolve, done)).catch(reject);
    });
    await of((done) => client.exists('/', done));
    const [down, back] = [once(client, 'disconnected'), once(client, 'connected')];
    proxy.cut();
    await down;
    await expect(of((done) => client.exists('/', done))).rejects.toEqual(code('CONNECTION_LOSS'));
    await back;
    expect(client.getSessionId()).toEqual(session);
    await of((done) => client.create('/after-cut', Buffer.alloc(0), done));
    expect((await watched).path).toBe('/after-cut');
  });

  test('requests before connect and after close fail', async () => {
    const other = createBridgedClient({ hosts: server.hosts, sessionTimeoutMs: 10_000 }, tools);
    await expect(of((done) => other.exists('/', done))).rejects.toEqual(code('CONNECTION_LOSS'));
    other.connect();
    await once(other, 'connected');
    await closeIt(other);
    await expect(of((done) => other.exists('/', done))).rejects.toEqual(code('CONNECTION_LOSS'));
  });

  test('a callback that throws disturbs nobody', async () => {
    client.exists('/', () => {
      throw new Error('of the caller');
    });
    expect(await of((done) => client.exists('/', done))).toMatchObject({ version: 0 });
  });

  test('credentials given before connect count', async () => {
    const owner = createBridgedClient({ hosts: server.hosts, sessionTimeoutMs: 10_000 }, tools);
    owner.addAuthInfo('digest', Buffer.from('ann:secret'));
    owner.connect();
    await once(owner, 'connected');
    const mine = ACL['CREATOR_ALL_ACL'] as PackageAcl[];
    await of((done) => owner.create('/owned', Buffer.alloc(0), mine, CreateMode.PERSISTENT, done));
    await expect(of((done) => client.getData('/owned', done))).rejects.toEqual(code('NO_AUTH'));
    await of((done) => owner.getData('/owned', done));
    await closeIt(owner);
  });
});
