import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { Op, ZooKeeper } from '../../../src/zk/client';
import { connectZooKeeper } from '../../../src/zk/engine';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { openTree } from '../../../src/zk/tree';
import type { CachedTree } from '../../../src/zk/tree-api';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { TcpProxy } from '../../support/tcp-proxy';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const KILOBYTE = Buffer.alloc(1_000, 'x');

describe('a cached tree on a real server', () => {
  let server: PrivateServer;
  let proxy: TcpProxy;
  let zk: ZooKeeper;
  let writer: ZooKeeper;
  let tree: CachedTree | undefined;

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tickMs: 500 });
    proxy = await TcpProxy.open(server.members[0]!);
    writer = connectZooKeeper({ hosts: server.hosts, sessionTimeoutMs: 20_000 }, tools);
    await writer.connected();
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterAll(async () => {
    await writer.close();
    await proxy.close();
    await server.stop();
  });
  beforeEach(async () => {
    zk = connectZooKeeper({ hosts: proxy.hosts, sessionTimeoutMs: 4_000 }, tools);
    await zk.connected();
  });
  afterEach(async () => {
    proxy.mend();
    await tree?.close();
    await zk.close();
  });

  /** `count` znodes of 1 kB below `root`, a hundred to a directory. */
  async function plant(root: string, count: number): Promise<void> {
    await writer.create(root, KILOBYTE);
    for (let dir = 0; dir < count / 100; dir += 1) {
      const path = `${root}/dir-${dir}`;
      const leaves = Array.from({ length: 99 }, (_, at): Op => ({
        op: 'create',
        path: `${path}/${at}`,
        data: KILOBYTE,
      }));
      await writer.transaction([{ op: 'create', path, data: KILOBYTE }, ...leaves]);
    }
  }

  /** Packets that the server received during `work`: one read a znode would show, however fast the machine. */
  async function packets(work: () => Promise<unknown>): Promise<number> {
    const count = async () => Number(/^zk_packets_received\s+(\d+)/m.exec(await server.members[0]!.ask('mntr'))?.[1]);
    const before = await count();
    await work();
    return (await count()) - before;
  }

  async function expectEqual(root: string): Promise<void> {
    expect(tree!.size).toBe((await writer.countDescendants(root)) + 1);
  }

  test('of 10,000 znodes is there at once, and again after a lost link', async () => {
    await plant('/ten', 10_000);
    tree = openTree(zk, '/ten', {}, tools);
    expect(await packets(() => tree!.ready())).toBeLessThan(1_000);
    await expectEqual('/ten');
    const stale = new Promise<void>((done) => {
      const stop = tree!.onFresh(() => {
        stop();
        done();
      });
    });
    proxy.cut();
    await stale;
    expect(await packets(() => tree!.ready())).toBeLessThan(1_000);
    await expectEqual('/ten');
  });

  test('of 20,000 znodes makes good what it missed while the link was cut', async () => {
    await plant('/twenty', 20_000);
    tree = openTree(zk, '/twenty', {}, tools);
    await tree.ready();
    const events: string[] = [];
    tree.onEvent((it) => events.push(`${it.type} ${it.type === 'removed' ? it.before.path : it.node.path}`));
    proxy.cut(true);
    await writer.set('/twenty/dir-7/5', Buffer.from('new'));
    await writer.delete('/twenty/dir-8/5');
    await writer.create('/twenty/dir-9/new', KILOBYTE);
    await writer.delete('/twenty/dir-9/3');
    await writer.create('/twenty/dir-9/3', KILOBYTE);
    proxy.mend();
    await tree.settled();
    expect(events.toSorted()).toEqual([
      'added /twenty/dir-9/3',
      'added /twenty/dir-9/new',
      'changed /twenty/dir-7/5',
      'removed /twenty/dir-8/5',
      'removed /twenty/dir-9/3',
    ]);
    await expectEqual('/twenty');
  });

  test('follows a session that was lost, and what was written in between', async () => {
    await plant('/lost', 1_000);
    tree = openTree(zk, '/lost', {}, tools);
    await tree.ready();
    const first = zk.session!;
    proxy.silence(true);
    await new Promise<void>((done) => first.lost.addEventListener('abort', () => done(), { once: true }));
    await writer.set('/lost/dir-1', Buffer.from('new'));
    proxy.silence(false);
    await tree.settled();
    expect(zk.session!.id).not.toBe(first.id);
    expect(tree.get('/lost/dir-1')!.data.toString()).toBe('new');
    await writer.create('/lost/after', KILOBYTE);
    await tree.settled();
    expect(tree.get('/lost/after')).toBeDefined();
  });

  test('is settled with everything that was acknowledged to others', async () => {
    await writer.create('/busy', Buffer.alloc(0));
    tree = openTree(zk, '/busy', {}, tools);
    for (let round = 0; round < 50; round += 1) {
      const made = await Promise.all(
        Array.from({ length: 20 }, () =>
          writer.create('/busy/n-', Buffer.from(String(round)), { mode: 'persistent-sequential' }),
        ),
      );
      await writer.delete(made[0]!.path);
      await writer.set(made[1]!.path, Buffer.from('changed'));
      await tree.settled();
      expect([tree.size, tree.get(made[1]!.path)!.data.toString()]).toEqual([19 * (round + 1) + 1, 'changed']);
    }
  });
});
