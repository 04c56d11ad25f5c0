import { type Launcher, between, configText, startFarm } from './farm';
import { liveThrough, untilNoNodes } from './life-load';
import { type Goal, printReport, rounded } from './report';

const OUTSTANDING = 100;
const GOALS: readonly Goal[] = [
  { metric: 'one_launcher_500', goal: '>=400' },
  { metric: 'one_launcher_5000', goal: '>=400' },
  { metric: 'gain_of_three', goal: '>=1' },
  { metric: 'writes_per_life', goal: '<=8' },
  { metric: 'reads_per_life', goal: '<=3' },
];

/**
 * Requests for one node each, 100 outstanding, a second: one launcher, then three; `limited` as argument bounds the pool; a number after
 * it replaces the 5,000 of the long run.
 */
export async function run([limit, lives = '5000']: readonly string[]): Promise<void> {
  const one = await measure(1, limit === 'limited', Number(lives));
  const three = await measure(3, limit === 'limited', Number(lives));
  const metrics = {
    one_launcher_500: rounded(one.short),
    one_launcher_5000: rounded(one.long),
    three_launchers_500: rounded(three.short),
    three_launchers_5000: rounded(three.long),
    gain_of_three: rounded(three.long / one.long),
    writes_per_life: rounded(one.writes),
    reads_per_life: rounded(one.reads),
    three_writes_per_life: rounded(three.writes),
    three_reads_per_life: rounded(three.reads),
  };
  printReport('throughput', metrics, GOALS);
}

async function measure(count: number, isLimited: boolean, lives: number) {
  const farm = await startFarm();
  try {
    const peer = await farm.peer();
    const launchers = await Promise.all(
      Array.from({ length: count }, () => farm.launcher(configText(isLimited ? { maxServers: 150 } : {}))),
    );
    await liveThrough(peer, 300, OUTSTANDING); // warms up
    await untilNoNodes(peer);
    const short = await rate(() => liveThrough(peer, 500, OUTSTANDING), 500);
    await untilNoNodes(peer);
    const before = await counts(launchers);
    const long = await rate(() => liveThrough(peer, lives, OUTSTANDING), lives);
    await untilNoNodes(peer);
    const after = await counts(launchers);
    const sums = after.map((it, index) => between(before[index]!, it));
    const sum = (of: 'writes' | 'reads') => sums.reduce((total, it) => total + it[of], 0) / lives;
    return { short, long, writes: sum('writes'), reads: sum('reads') };
  } finally {
    await farm.stop();
  }
}

function counts(launchers: readonly Launcher[]) {
  return Promise.all(launchers.map((it) => it.requests()));
}

async function rate(work: () => Promise<unknown>, count: number): Promise<number> {
  const began = performance.now();
  await work();
  return (count * 1000) / (performance.now() - began);
}
