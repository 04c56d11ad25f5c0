import { systemClock } from '../src/runtime/clock';
import { startZooKeeper } from '../src/zk/server/private-server';
import { TestAuthority } from '../tests/support/certificates';
import { cpuMs } from './farm';
import { type Goal, type Metrics, printReport } from './report';
import { connectCombined, connectEngine, connectPackage, type Contestant } from './zk-clients';
import { KINDS, Match, prepare } from './zk-rounds';
import { startStub } from './zk-stub-process';
import { measureTree } from './zk-tree';

/** The server compiles its code in the first seconds, on the same cores: what is measured meanwhile says little. */
const WARM_UP = 3;
const ROUNDS = 8;
/** A disk that is now and then slow makes one of few long rounds worthless, and of many short ones hardly any. */
const LONE_ROUNDS = 40;
const NIO_ROUNDS = 5;

const TLS = 'tls_';
const NIO = 'nio_';
const NIO_POOL = 'nio_pool_';
/** The thread that selects reads and writes as well. */
const SIZED_FOR_FEW_CORES = { 'zookeeper.nio.numSelectorThreads': '1', 'zookeeper.nio.numWorkerThreads': '0' };
const CLIENT_ONLY = 'client_only_';

const GOALS: readonly Goal[] = [
  ...KINDS.map((kind) => ({ metric: `${kind}_pipelined_ratio`, goal: '>=1.5' })),
  { metric: 'create_lone_ratio', goal: '>=0.95' },
  { metric: 'get_lone_ratio', goal: '>=0.95' },
  { metric: 'flood_ratio', goal: '>=4' },
  { metric: 'tree_load_ms', goal: '<=120' },
  { metric: 'tree_reread_ms', goal: '<=200' },
  ...[NIO, NIO_POOL].flatMap((it) => [
    { metric: `${it}create_combined_ratio`, goal: '>=1.5' },
    { metric: `${it}set_combined_ratio`, goal: '>=1.5' },
  ]),
  ...KINDS.map((kind) => ({ metric: `${CLIENT_ONLY}${kind}_pipelined_ratio`, goal: '>=1.5' })),
  { metric: `${CLIENT_ONLY}flood_ratio`, goal: '>=4' },
];

/**
 * Our engine beside the package on its own connection layer. The two take turns at every measure, on one server with one
 * configuration that forces its log to disk, with the same paths, sizes and number of requests in flight. Which server it is
 * decides what such a race tells, so there are four:
 *
 * - Without a prefix: ZooKeeper as a farm runs it. Nodepool speaks TLS only (zk-tree.md 1), and a server that has a TLS
 *   port serves all its ports through Netty. Both clients use its plain port, as the package knows no TLS; `tls_…` is
 *   our engine on the TLS port beside the package, still on the plain one.
 * - `nio_…`: ZooKeeper without TLS, its threads sized for few cores: the one that selects does the reading and writing.
 *   Ratios of single requests lie between 1.4 and 2.8 there, that of a flood about 4.
 * - `nio_pool_…`: the same as it comes. It hands every single packet from its selector to a pool of twice as many threads as
 *   there are cores, and a request costs it several times what it costs a client (`…_server_cpu_us`): on few cores it is
 *   the limit of both, and ratios of single requests tend to 1. There only fewer packets help: `…_combined` are the writes of
 *   the daemons, transactions that travel together under load.
 * - `client_only_…`: a stub that answers at once, against which each client is its own limit.
 *
 * Nothing is tied to a core: a server on one of two cores is again the limit of both.
 */
export async function run(): Promise<void> {
  const farm = await againstFarmServer();
  const nio = await againstPlainServer(NIO, SIZED_FOR_FEW_CORES);
  const pool = await againstPlainServer(NIO_POOL, {});
  printReport('zk', { ...farm, ...nio, ...pool, ...(await againstStub()) }, GOALS);
}

async function againstFarmServer(): Promise<Metrics> {
  const authority = new TestAuthority();
  const server = await startZooKeeper({ clock: systemClock, fullJit: true, tls: authority.issue() });
  try {
    const serverCpuMs = () => cpuMs(server.members[0]!.pid!);
    const [match, overTls] = [new Match('', serverCpuMs), new Match(TLS, serverCpuMs)];
    const [engine, plain] = [await connectEngine(server.hosts), await connectPackage(server.hosts)];
    const secure = await connectEngine(server.tlsHosts, authority.client());
    await prepare(engine.zk);
    for (let round = -WARM_UP; round < ROUNDS; round += 1) {
      await match.pipelined(inTurn(engine, plain, round), round);
      if (round % 2 === 0) await overTls.pipelined(inTurn(secure, plain, round / 2), round, TLS);
    }
    for (let round = -1; round < LONE_ROUNDS; round += 1) await match.lone(inTurn(engine, plain, round), round);
    await match.flood([engine, plain], 2);
    await Promise.all([plain.close(), secure.close()]);
    const tree = await measureTree(engine.zk, server.members[0]!);
    await engine.close();
    return { ...match.summary(), ...tree, ...overTls.summary() };
  } finally {
    await server.stop();
    authority.remove();
  }
}

async function againstPlainServer(name: string, properties: Readonly<Record<string, string>>): Promise<Metrics> {
  const server = await startZooKeeper({ clock: systemClock, fullJit: true, properties });
  try {
    const match = new Match(name, () => cpuMs(server.members[0]!.pid!));
    const [engine, plain] = [await connectEngine(server.hosts), await connectPackage(server.hosts)];
    const combined = connectCombined(engine);
    await prepare(engine.zk);
    for (let round = -WARM_UP; round < NIO_ROUNDS; round += 1) {
      await match.pipelined(inTurn(engine, plain, round), round);
      await match.combined(inTurn(combined, plain, round), round);
    }
    await match.flood([engine, plain], 1);
    await Promise.all([engine.close(), plain.close()]);
    return match.summary();
  } finally {
    await server.stop();
  }
}

async function againstStub(): Promise<Metrics> {
  const stub = await startStub();
  const match = new Match(CLIENT_ONLY);
  const [engine, plain] = [await connectEngine(stub.hosts), await connectPackage(stub.hosts)];
  for (let round = -1; round < ROUNDS; round += 1) await match.pipelined(inTurn(engine, plain, round), round);
  await match.flood([engine, plain], 1);
  await Promise.all([engine.close(), plain.close()]);
  await stub.stop();
  return match.summary();
}

/** Each goes first in every other round. */
function inTurn(engine: Contestant, plain: Contestant, round: number): readonly Contestant[] {
  return round % 2 === 0 ? [engine, plain] : [plain, engine];
}
