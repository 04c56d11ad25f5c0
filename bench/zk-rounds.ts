import type { ZooKeeper } from '../src/zk/client';
import { median, type Metrics, rounded } from './report';
import { type Contestant, pipelined } from './zk-clients';

const REQUESTS = 5_000;
const WINDOW = 500;
const LONE = 100;
const FLOOD = 100_000;
const DATA = Buffer.alloc(256, 'x');

export const KINDS = ['create', 'set', 'get', 'exists'] as const;
type Kind = (typeof KINDS)[number];

interface Sample {
  readonly perSecond: number;
  /** User and system time of this process, which also runs the bench itself. */
  readonly cpuMicros: number;
  readonly serverMicros: number;
}

interface Size {
  readonly count: number;
  readonly window: number;
  readonly keep: boolean;
}

type Start = (index: number, done: (error?: unknown) => void) => void;

/** Measures two clients in turn, so that what else the machine does meets both alike. */
export class Match {
  /** By client and measure, in the order of the rounds. */
  readonly #samples = new Map<string, Sample[]>();
  readonly #measures = new Set<string>();

  /** `serverCpuMs`: what the server has used so far; without it nothing is told of it. */
  constructor(
    private readonly prefix = '',
    private readonly serverCpuMs?: () => number,
  ) {}

  /** One round of everything that is pipelined; one below 0 warms server and clients up, and its figures are thrown away. */
  async pipelined(order: readonly Contestant[], round: number, tag = ''): Promise<void> {
    await this.#turns(
      'pipelined',
      KINDS,
      order,
      { count: REQUESTS, window: WINDOW, keep: round >= 0 },
      `${tag}${round}`,
    );
  }

  /** The same number of writes on their way at once, of which one side sends many in one transaction. */
  async combined(order: readonly Contestant[], round: number): Promise<void> {
    const size = { count: REQUESTS, window: WINDOW, keep: round >= 0 };
    await this.#turns('combined', ['create', 'set'], order, size, `combined-${round}`);
  }

  /** One after the other. */
  async lone(order: readonly Contestant[], round: number): Promise<void> {
    await this.#turns('lone', ['create', 'get'], order, { count: LONE, window: 1, keep: round >= 0 }, `lone-${round}`);
  }

  async flood(order: readonly Contestant[], rounds: number): Promise<void> {
    const all = { count: FLOOD, window: FLOOD, keep: true };
    for (let round = 0; round < rounds; round += 1) {
      for (const it of order) await this.#measure(it, 'flood', all, (_index, done) => it.get('/bench/flood', done));
    }
  }

  async #measure(client: Contestant, name: string, { count, window, keep }: Size, start: Start): Promise<void> {
    const [before, serverBefore] = [process.cpuUsage(), this.serverCpuMs?.() ?? 0];
    const ms = await pipelined(count, window, start);
    const { user, system } = process.cpuUsage(before);
    const serverMs = (this.serverCpuMs?.() ?? 0) - serverBefore;
    const sample = {
      perSecond: (count / ms) * 1_000,
      cpuMicros: (user + system) / count,
      serverMicros: (serverMs * 1_000) / count,
    };
    const measure = `${this.prefix}${name}`;
    const key = `${client.name} ${measure}`;
    process.stdout.write(`${key} ${rounded(sample.perSecond)}/s ${rounded(sample.cpuMicros)} us CPU\n`);
    if (!keep) return;
    this.#measures.add(measure);
    this.#samples.set(key, [...(this.#samples.get(key) ?? []), sample]);
  }

  async #turns(
    name: string,
    kinds: readonly Kind[],
    order: readonly Contestant[],
    size: Size,
    tag: string,
  ): Promise<void> {
    for (const kind of kinds) {
      for (const it of order) {
        await this.#measure(it, `${kind}_${name}`, size, request(it, kind, `/bench/${it.name}/${tag}-`));
      }
    }
  }

  /** A ratio is the median of the ratios of neighbours. */
  summary(): Metrics {
    const metrics: Record<string, number> = {};
    for (const name of this.#measures) {
      const [ours, theirs] = [this.#samples.get(`engine ${name}`) ?? [], this.#samples.get(`package ${name}`) ?? []];
      metrics[`${name}_per_s`] = rounded(median(ours.map((it) => it.perSecond)));
      metrics[`${name}_package_per_s`] = rounded(median(theirs.map((it) => it.perSecond)));
      metrics[`${name}_ratio`] = rounded(median(ours.map((it, index) => it.perSecond / theirs[index]!.perSecond)));
      metrics[`${name}_cpu_ratio`] = rounded(median(ours.map((it, index) => theirs[index]!.cpuMicros / it.cpuMicros)));
      if (this.serverCpuMs === undefined) continue;
      metrics[`${name}_server_cpu_us`] = rounded(mean(ours.map((it) => it.serverMicros)));
      metrics[`${name}_package_server_cpu_us`] = rounded(mean(theirs.map((it) => it.serverMicros)));
    }
    return metrics;
  }
}

/** What both ask for. */
export async function prepare(zk: ZooKeeper): Promise<void> {
  await zk.create('/bench', DATA);
  await zk.create('/bench/flood', Buffer.from('xx')); // answers of 90 bytes: most frames in a chunk
  for (const name of ['engine', 'package']) await zk.create(`/bench/${name}`, DATA);
}

/** Of figures that come in steps of 10 ms the median would be one of the steps. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, it) => sum + it, 0) / values.length;
}

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
