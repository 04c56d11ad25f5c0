import { systemClock } from '../src/runtime/clock';
import { startZooKeeper } from '../src/zk/server/private-server';
import { type Goal, median, type Metrics, printReport, rounded } from './report';
import { connectEngine, connectPackage, type Contestant, pipelined } from './zk-clients';
import { measureTree } from './zk-tree';

const ROUNDS = 7;
const REQUESTS = 4_000;
const WINDOW = 500;
const LONE = 300;
const FLOOD = 100_000;
const FLOOD_ROUNDS = 3;
const DATA = Buffer.alloc(256, 'x');

const KINDS = ['create', 'set', 'get', 'exists'] as const;
type Kind = (typeof KINDS)[number];
type Samples = Map<string, number[]>;

const GOALS: readonly Goal[] = [
  ...KINDS.map((kind) => ({ metric: `${kind}_pipelined_ratio`, goal: '>=1.5' })),
  { metric: 'create_lone_ratio', goal: '>=0.95' },
  { metric: 'get_lone_ratio', goal: '>=0.95' },
  { metric: 'flood_ratio', goal: '>=4' },
  { metric: 'tree_load_ms', goal: '<=120' },
  { metric: 'tree_reread_ms', goal: '<=200' },
];

/**
 * Our engine beside the package on its own connection layer, against one real server that forces its log to disk. Rounds
 * alternate between the two, figures are medians, and goals are ratios wherever there is something to divide by.
 */
export async function run(): Promise<void> {
  const server = await startZooKeeper({ clock: systemClock, fullJit: true });
  try {
    const samples: Samples = new Map();
    const [engine, plain] = [await connectEngine(server.hosts), await connectPackage(server.hosts)];
    await prepare(engine);
    for (let round = 0; round <= ROUNDS; round += 1) {
      const order = round % 2 === 0 ? [engine, plain] : [plain, engine];
      // The first round warms server and clients up; its figures are thrown away.
      for (const it of order) await oneRound(it, round, round === 0 ? new Map() : samples);
    }
    for (let round = 0; round < FLOOD_ROUNDS; round += 1) {
      for (const it of [engine, plain]) add(samples, `${it.name}_flood`, await flood(it));
    }
    await plain.close();
    const tree = await measureTree(engine.zk, server.members[0]!);
    await engine.close();
    printReport('zk', { ...summary(samples), ...tree }, GOALS);
  } finally {
    await server.stop();
  }
}

async function prepare({ zk }: Awaited<ReturnType<typeof connectEngine>>): Promise<void> {
  await zk.create('/bench', DATA);
  for (const name of ['engine', 'package']) await zk.create(`/bench/${name}`, DATA);
}

async function oneRound(client: Contestant, round: number, samples: Samples): Promise<void> {
  const root = `/bench/${client.name}/${round}-`;
  const kinds: Record<Kind, (index: number, done: (error?: unknown) => void) => void> = {
    create: (index, done) => client.create(`${root}${index}`, DATA, done),
    set: (index, done) => client.set(`${root}${index}`, DATA, done),
    get: (index, done) => client.get(`${root}${index}`, done),
    exists: (index, done) => client.exists(`${root}${index}`, done),
  };
  for (const kind of KINDS) {
    const ms = await pipelined(REQUESTS, WINDOW, kinds[kind]);
    add(samples, `${client.name}_${kind}`, (REQUESTS / ms) * 1_000);
  }
  const createMs = await pipelined(LONE, 1, (index, done) => client.create(`${root}lone-${index}`, DATA, done));
  add(samples, `${client.name}_create_lone`, (LONE / createMs) * 1_000);
  const getMs = await pipelined(3 * LONE, 1, (index, done) => client.get(`${root}lone-${index % LONE}`, done));
  add(samples, `${client.name}_get_lone`, ((3 * LONE) / getMs) * 1_000);
}

/** Everything at once: what is slow here is what grows with the square of the queue. Milliseconds. */
function flood(client: Contestant): Promise<number> {
  return pipelined(FLOOD, FLOOD, (_index, done) => client.get('/bench', done));
}

function add(samples: Samples, name: string, value: number): void {
  samples.set(name, [...(samples.get(name) ?? []), value]);
  process.stdout.write(`${name} ${rounded(value)}\n`);
}

function summary(samples: Samples): Metrics {
  const of = (name: string) => median(samples.get(name) ?? []);
  const metrics: Record<string, number> = {};
  for (const kind of [...KINDS.map((it) => [it, `${it}_pipelined`]), ['create_lone'], ['get_lone']]) {
    const [name, shown = name] = kind as [string, string?];
    metrics[`${shown}_per_s`] = rounded(of(`engine_${name}`));
    metrics[`${shown}_package_per_s`] = rounded(of(`package_${name}`));
    metrics[`${shown}_ratio`] = rounded(of(`engine_${name}`) / of(`package_${name}`));
  }
  metrics['flood_ms'] = rounded(of('engine_flood'));
  metrics['flood_package_ms'] = rounded(of('package_flood'));
  metrics['flood_ratio'] = rounded(of('package_flood') / of('engine_flood'));
  return metrics;
}
