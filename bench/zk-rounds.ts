import { median, type Metrics, rounded } from './report';
import { type Contestant, pipelined } from './zk-clients';

const REQUESTS = 3_000;
const WINDOW = 500;
const FLOOD = 100_000;
const FLOOD_ROUNDS = 3;
export const DATA = Buffer.alloc(256, 'x');

export const KINDS = ['create', 'set', 'get', 'exists'] as const;
export type Kind = (typeof KINDS)[number];

interface Sample {
  readonly perSecond: number;
  /** User and system time of this process, which also runs the bench itself. */
  readonly cpuMicros: number;
}

type Start = (index: number, done: (error?: unknown) => void) => void;

/** Measures two clients in turn, so that what else the machine does meets both alike. */
export class Match {
  /** By client and measure, in the order of the rounds. */
  readonly #samples = new Map<string, Sample[]>();
  readonly #measures = new Set<string>();

  constructor(private readonly prefix = '') {}

  /** One round of everything that is pipelined; `round` 0 warms server and clients up, and its figures are thrown away. */
  async pipelined(order: readonly Contestant[], round: number): Promise<void> {
    for (const kind of KINDS) {
      for (const it of order) {
        const one = request(it, kind, `/bench/${it.name}/${round}-`);
        await this.measure(it, `${kind}_pipelined`, { count: REQUESTS, window: WINDOW, keep: round > 0 }, one);
      }
    }
  }

  async flood(order: readonly Contestant[], rounds = FLOOD_ROUNDS): Promise<void> {
    const all = { count: FLOOD, window: FLOOD, keep: true };
    for (let round = 0; round < rounds; round += 1) {
      for (const it of order) await this.measure(it, 'flood', all, (_index, done) => it.get('/bench/flood', done));
    }
  }

  async measure(
    client: Contestant,
    name: string,
    { count, window, keep }: { readonly count: number; readonly window: number; readonly keep: boolean },
    start: Start,
  ): Promise<void> {
    const before = process.cpuUsage();
    const ms = await pipelined(count, window, start);
    const { user, system } = process.cpuUsage(before);
    const sample = { perSecond: (count / ms) * 1_000, cpuMicros: (user + system) / count };
    const measure = `${this.prefix}${name}`;
    const key = `${client.name} ${measure}`;
    process.stdout.write(`${key} ${rounded(sample.perSecond)}/s ${rounded(sample.cpuMicros)} us CPU\n`);
    if (!keep) return;
    this.#measures.add(measure);
    this.#samples.set(key, [...(this.#samples.get(key) ?? []), sample]);
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
    }
    return metrics;
  }
}

export function request(client: Contestant, kind: Kind, prefix: string): Start {
  switch (kind) {
    case 'create':
    case 'set':
      return (index, done) => client[kind](prefix + index, DATA, done);
    case 'get':
    case 'exists':
      return (index, done) => client[kind](prefix + index, done);
  }
}
