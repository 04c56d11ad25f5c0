import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import { PrometheusMetrics } from '../../../src/runtime/metrics/prometheus';
import { MemoryServer } from '../../../src/zk/memory';
import { observedZooKeeper, type ObservedRequest } from '../../../src/zk/observed';
import { reportZooKeeper } from '../../../src/zk/zookeeper-metrics';
import { openTree } from '../../../src/zk/tree';
import { FakeClock, settle } from '../../support/fake-clock';

const NOTHING = Buffer.alloc(0);

let clock: FakeClock;
let server: MemoryServer;
beforeEach(() => {
  clock = new FakeClock();
  server = new MemoryServer({ clock });
});
afterEach(() => server.close());

test('every request is told of with its outcome, and counted while it waits', async () => {
  const told: ObservedRequest[] = [];
  const zk = observedZooKeeper(server.connect(), clock, (it) => told.push(it));
  await zk.connected();
  const created = zk.create('/a', NOTHING);
  expect(zk.pending).toBe(1);
  await created;
  await expect(zk.get('/none')).rejects.toMatchObject({ code: 'NO_NODE' });
  await zk.exists('/a');
  await zk.children('/');
  await zk.set('/a', NOTHING);
  await zk.sync('/a');
  await zk.multiRead([{ op: 'get', path: '/a' }]);
  await zk.transaction([{ op: 'delete', path: '/a' }]);
  expect(told.map((it) => `${it.request} ${it.outcome}`)).toEqual([
    'create OK',
    'get NO_NODE',
    'exists OK',
    'children OK',
    'set OK',
    'sync OK',
    'multiRead OK',
    'transaction OK',
  ]);
  expect(told.every((it) => it.ms >= 0)).toBe(true);
  expect(zk.pending).toBe(0);
  await zk.close();
  await expect(zk.get('/')).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  expect(told.at(-1)!.outcome).toBe('SESSION_CLOSED');
});

test('a tree says how far it is behind what it was told of', async () => {
  const [zk, other] = [server.connect(), server.connect()];
  await Promise.all([zk.connected(), other.connected()]);
  await other.create('/r', NOTHING);
  const tree = openTree(zk, '/r', {}, { clock, random: seededRandom(1), log: silentLogger });
  const behind: number[] = [];
  tree.onEvent(() => behind.push(tree.backlog.waiting + tree.backlog.reading));
  await tree.ready();
  await other.create('/r/a', NOTHING);
  await tree.settled();
  await settle();
  expect(behind).toEqual([1, 1]); // told while the read is not done with
  expect(tree.backlog).toEqual({ waiting: 0, reading: 0 });
  await tree.close();
});

test('Prometheus sees requests, the state of the connection, and lost sessions', async () => {
  const prometheus = new PrometheusMetrics();
  const own = server.connect();
  const { zk, stop } = reportZooKeeper(own, prometheus, clock);
  await zk.connected();
  await zk.create('/a', NOTHING);
  const first = (await prometheus.exposition()).text;
  expect(first).toContain('zookeeper_request_seconds_count{request="create",outcome="OK"} 1');
  expect(first).toContain('zookeeper_connection_state{state="connected"} 1');
  expect(first).toContain('zookeeper_sessions_lost_total 0');
  expect(first).toContain('zookeeper_pending_requests 0');
  const lost = new Promise<void>((resolve) => {
    own.onState((state) => {
      if (state === 'lost') resolve();
    });
  });
  server.expire(own);
  await lost;
  expect((await prometheus.exposition()).text).toContain('zookeeper_sessions_lost_total 1');
  stop();
  await zk.close();
});
