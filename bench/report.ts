import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

export interface Goal {
  /** Name of one of the metrics. */
  readonly metric: string;
  /** `>=` or `<=` and a number. */
  readonly goal: string;
}

export type Metrics = Readonly<Record<string, number>>;

/** Prints the last line of a bench: one line of JSON with figures and goals, however they turned out. */
export function printReport(bench: string, metrics: Metrics, goals: readonly Goal[]): void {
  const judged = goals.map(({ metric, goal }) => {
    const got = metrics[metric];
    return { metric, got: got ?? null, goal, ok: got !== undefined && isMet(got, goal) };
  });
  process.stdout.write(`${JSON.stringify({ bench, commit: commit(), machine: machine(), metrics, goals: judged })}\n`);
}

/** Middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new RangeError('median of nothing');
  return (low + high) / 2;
}

/** Three significant digits are more than a shared machine gives. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

function isMet(got: number, goal: string): boolean {
  const limit = Number(goal.slice(2));
  if (goal.startsWith('>=')) return got >= limit;
  if (goal.startsWith('<=')) return got <= limit;
  throw new RangeError(`not a goal: ${goal}`);
}

function commit(): string {
  try {
    const head = ['-C', __dirname, 'rev-parse', '--short', 'HEAD'];
    return execFileSync('git', head, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown'; // not a clone: a package or a copied folder
  }
}

function machine(): string {
  const all = cpus();
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return `${all.length} x ${all[0]?.model.trim() ?? 'cpu'}, ${memoryGib} GiB, node ${process.versions.node}`;
}
