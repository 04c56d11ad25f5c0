import { systemClock } from '../src/runtime/clock';
import { startZooKeeper } from '../src/zk/server/private-server';
import { type Goal, median, type Metrics, printReport, rounded } from './report';
import { connectEngine, connectPackage, type Contestant, pipelined } from './zk-clients';
import { measureTree } from './zk-tree';

const ROUNDS = 12;
const REQUESTS = 3_000;
const WINDOW = 500;
const LONE = 200;
const FLOOD = 100_000;
const FLOOD_ROUNDS = 3;
const DATA = Buffer.alloc(256, 'x');

const KINDS = ['create', 'set', 'get', 'exists'] as const;
type Kind = (typeof KINDS)[number];
const MEASURES = [...KINDS.map((kind) => `${kind}_pipelined`), 'create_lone', 'get_lone', 'flood'];

interface Sample {
  readonly perSecond: number;
  /** User and system time of this process, which also runs the bench itself. */
  readonly cpuMicros: number;
}

/** By client and measure, in the order of the rounds. */
type Samples = Map<string, Sample[]>;

const GOALS: readonly Goal[] = [
  ...KINDS.map((kind) => ({ metric: `${kind}_pipelined_ratio`, goal: '>=1.5' })),
  { metric: 'create_lone_ratio', goal: '>=0.95' },
  { metric: 'get_lone_ratio', goal: '>=0.95' },
  { metric: 'flood_ratio', goal: '>=4' },
  { metric: 'tree_load_ms', goal: '<=120' },
  { metric: 'tree_reread_ms', goal: '<=200' },
];

/**
 * Our engine beside the package on its own connection layer, against one real server that forces its log to disk. The two
 * take turns at every measure, and a ratio is the median of the ratios of neighbours, so that what else the machine
 * does meets both alike. CPU time per request is told too: it holds where the server, not the client, is the limit.
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
      await oneRound(order, round, round === 0 ? new Map() : samples);
    }
    for (let round = 0; round < FLOOD_ROUNDS; round += 1) {
      for (const it of [engine, plain]) {
        await measure(samples, it, 'flood', FLOOD, FLOOD, (_index, done) => it.get('/bench/flood', done));
      }
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
  await zk.create('/bench/flood', Buffer.from('xx')); // answers of 90 bytes: most frames in a chunk
  for (const name of ['engine', 'package']) await zk.create(`/bench/${name}`, DATA);
}

async function oneRound(order: readonly Contestant[], round: number, samples: Samples): Promise<void> {
  for (const kind of KINDS) {
    for (const it of order) {
      const one = request(it, kind, `/bench/${it.name}/${round}-`);
      await measure(samples, it, `${kind}_pipelined`, REQUESTS, WINDOW, one);
    }
  }
  for (const it of order) {
    const path = `/bench/${it.name}/${round}-lone-`;
    await measure(samples, it, 'create_lone', LONE, 1, request(it, 'create', path));
  }
  for (const it of order) {
    const path = `/bench/${it.name}/${round}-lone-`;
    await measure(samples, it, 'get_lone', LONE, 1, request(it, 'get', path));
  }
}

type Start = (index: number, done: (error?: unknown) => void) => void;

function request(client: Contestant, kind: Kind, prefix: string): Start {
  switch (kind) {
    case 'create':
    case 'set':
      return (index, done) => client[kind](prefix + index, DATA, done);
    case 'get':
    case 'exists':
      return (index, done) => client[kind](prefix + index, done);
  }
}

async function measure(
  samples: Samples,
  client: Contestant,
  name: string,
  count: number,
  window: number,
  start: Start,
): Promise<void> {
  const before = process.cpuUsage();
  const ms = await pipelined(count, window, start);
  const { user, system } = process.cpuUsage(before);
  const sample = { perSecond: (count / ms) * 1_000, cpuMicros: (user + system) / count };
  const key = `${client.name} ${name}`;
  samples.set(key, [...(samples.get(key) ?? []), sample]);
  process.stdout.write(`${key} ${rounded(sample.perSecond)}/s ${rounded(sample.cpuMicros)} us CPU\n`);
}

function summary(samples: Samples): Metrics {
  const metrics: Record<string, number> = {};
  for (const name of MEASURES) {
    const [ours, theirs] = [samples.get(`engine ${name}`) ?? [], samples.get(`package ${name}`) ?? []];
    metrics[`${name}_per_s`] = rounded(median(ours.map((it) => it.perSecond)));
    metrics[`${name}_package_per_s`] = rounded(median(theirs.map((it) => it.perSecond)));
    metrics[`${name}_ratio`] = rounded(median(ours.map((it, index) => it.perSecond / theirs[index]!.perSecond)));
    metrics[`${name}_cpu_ratio`] = rounded(median(ours.map((it, index) => theirs[index]!.cpuMicros / it.cpuMicros)));
  }
  return metrics;
}
