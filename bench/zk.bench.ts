import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../src/runtime/clock';
import { startZooKeeper } from '../src/zk/server/private-server';
import { type Goal, type Metrics, printReport } from './report';
import { connectEngine, connectPackage, type Contestant } from './zk-clients';
import { DATA, KINDS, Match, request } from './zk-rounds';
import { measureTree } from './zk-tree';

const ROUNDS = 12;
const LONE = 200;
/** Of everything that is measured against the stub. */
const CLIENT_ONLY = 'client_only_';

const GOALS: readonly Goal[] = [
  ...KINDS.map((kind) => ({ metric: `${kind}_pipelined_ratio`, goal: '>=1.5' })),
  { metric: 'create_lone_ratio', goal: '>=0.95' },
  { metric: 'get_lone_ratio', goal: '>=0.95' },
  { metric: 'flood_ratio', goal: '>=4' },
  { metric: 'tree_load_ms', goal: '<=120' },
  { metric: 'tree_reread_ms', goal: '<=200' },
  ...KINDS.map((kind) => ({ metric: `${CLIENT_ONLY}${kind}_pipelined_ratio`, goal: '>=1.5' })),
  { metric: `${CLIENT_ONLY}flood_ratio`, goal: '>=4' },
];

/**
 * Our engine beside the package on its own connection layer, against one real server that forces its log to disk; the two
 * take turns at every measure. CPU time per request is told too: on few cores the server is the limit of both, and the
 * ratios say little about the clients. Therefore the same again, as `client_only_…`, against a stub that answers at once.
 */
export async function run(): Promise<void> {
  const real = await againstServer();
  printReport('zk', { ...real, ...(await againstStub()) }, GOALS);
}

async function againstServer(): Promise<Metrics> {
  const server = await startZooKeeper({ clock: systemClock, fullJit: true });
  try {
    const match = new Match();
    const [engine, plain] = [await connectEngine(server.hosts), await connectPackage(server.hosts)];
    await prepare(engine);
    for (let round = 0; round <= ROUNDS; round += 1) {
      const order = round % 2 === 0 ? [engine, plain] : [plain, engine];
      await match.pipelined(order, round);
      await lone(match, order, round);
    }
    await match.flood([engine, plain]);
    await plain.close();
    const tree = await measureTree(engine.zk, server.members[0]!);
    await engine.close();
    return { ...match.summary(), ...tree };
  } finally {
    await server.stop();
  }
}

async function prepare({ zk }: Awaited<ReturnType<typeof connectEngine>>): Promise<void> {
  await zk.create('/bench', DATA);
  await zk.create('/bench/flood', Buffer.from('xx')); // answers of 90 bytes: most frames in a chunk
  for (const name of ['engine', 'package']) await zk.create(`/bench/${name}`, DATA);
}

async function lone(match: Match, order: readonly Contestant[], round: number): Promise<void> {
  const size = { count: LONE, window: 1, keep: round > 0 };
  for (const kind of ['create', 'get'] as const) {
    for (const it of order) {
      await match.measure(it, `${kind}_lone`, size, request(it, kind, `/bench/${it.name}/${round}-lone-`));
    }
  }
}

async function againstStub(): Promise<Metrics> {
  const stub = spawn(process.execPath, [join(__dirname, 'zk-stub.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(stub.stdout, 'data')) as [Buffer];
  const hosts = `127.0.0.1:${port.toString().trim()}`;
  const match = new Match(CLIENT_ONLY);
  const [engine, plain] = [await connectEngine(hosts), await connectPackage(hosts)];
  for (let round = 0; round <= ROUNDS; round += 1) {
    await match.pipelined(round % 2 === 0 ? [engine, plain] : [plain, engine], round);
  }
  await match.flood([engine, plain]);
  await Promise.all([engine.close(), plain.close()]);
  const ended = once(stub, 'exit');
  stub.stdin.end();
  await ended;
  return match.summary();
}
