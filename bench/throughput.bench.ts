import { type Launcher, between, configText, cpuMs, startFarm } from './farm';
import { liveThrough, untilNoNodes } from './life-load';
import { type Goal, printReport, rounded } from './report';
import { smallHost } from './small-host';

const OUTSTANDING = 100;
/** Of a core, for each launcher: a host that all of them together leave time for the rest, and one with which the launchers are the limit. */
const HALF_CORE = { percent: 50, lives: 3_000 };
const SMALL = { percent: 15, lives: 400 };
/**
 * Of each launcher, before it is measured: programs get quicker for a while, all of them need the same time for that. Figures from
 * before each had so many cannot be compared: three launchers on small hosts gained 1.2 with a third of it each, 1.5 with this.
 */
const WARM_LIVES = 1_000;
const GOALS: readonly Goal[] = [
  { metric: 'one_launcher_500', goal: '>=400' },
  { metric: 'one_launcher_5000', goal: '>=400' },
  { metric: 'gain_of_three', goal: '>=1' },
  { metric: 'half_core_three_launchers', goal: '>=400' },
  { metric: 'half_core_gain_of_three', goal: '>=1.1' },
  { metric: 'small_hosts_gain_of_three', goal: '>=1.5' },
  { metric: 'writes_per_life', goal: '<=8' },
  { metric: 'reads_per_life', goal: '<=3' },
];

/**
 * Requests for one node each, 100 outstanding, a second: one launcher, then three; `limited` as argument bounds the pool; a number
 * after it replaces the 5,000 of the long run. Where ZooKeeper, cloud, load and launchers share two cores, all of them are busy with
 * one launcher already, and what further ones do to know what goes on is taken from the work: `three_apart_…` is what three serve
 * that share nothing, each with a tree and a third of the load of its own, so no way of sharing can bring such cores to much more.
 * `half_core_…` and `small_hosts_…` are the same work with every launcher held to a share of a core, as if it had a host to itself.
 * CPU time is that of all launchers together; `onlooker_…` is what one launcher spends on a life that another serves, where it
 * could not serve it itself.
 */
export async function run([limit, lives = '5000']: readonly string[]): Promise<void> {
  const setting = { isLimited: limit === 'limited', lives: Number(lives) };
  const one = await measure({ ...setting, count: 1 });
  const three = await measure({ ...setting, count: 3 });
  const apart = await rateApart(setting.lives);
  const half = await onHosts('half_core', HALF_CORE);
  const small = await onHosts('small_hosts', SMALL);
  const onlooker = await onlookerCpu();
  const metrics = {
    one_launcher_500: rounded(one.short),
    one_launcher_5000: rounded(one.long),
    three_launchers_500: rounded(three.short),
    three_launchers_5000: rounded(three.long),
    gain_of_three: rounded(three.long / one.long),
    three_apart_500: rounded(apart.short),
    three_apart_5000: rounded(apart.long),
    launcher_cpu_ms_per_life: rounded(one.cpu),
    three_launchers_cpu_ms_per_life: rounded(three.cpu),
    onlooker_cpu_ms_per_life: rounded(onlooker),
    ...half,
    ...small,
    writes_per_life: rounded(one.writes),
    reads_per_life: rounded(one.reads),
    three_writes_per_life: rounded(three.writes),
    three_reads_per_life: rounded(three.reads),
  };
  printReport('throughput', metrics, GOALS);
}

interface Setting {
  readonly count: number;
  readonly isLimited: boolean;
  readonly lives: number;
}

async function measure({ count, isLimited, lives }: Setting) {
  const farm = await startFarm();
  try {
    const peer = await farm.peer();
    const config = configText(isLimited ? { maxServers: 150 } : {});
    const launchers = await Promise.all(Array.from({ length: count }, () => farm.launcher(config)));
    await liveThrough(peer, 1_500, OUTSTANDING); // warms up: ZooKeeper compiles itself for some thousand lives
    await untilNoNodes(peer);
    const short = await rate(() => liveThrough(peer, 500, OUTSTANDING), 500);
    await untilNoNodes(peer);
    const [before, cpuBefore] = [await counts(launchers), cpuOf(launchers)];
    const long = await rate(() => liveThrough(peer, lives, OUTSTANDING), lives);
    await untilNoNodes(peer);
    const [after, cpu] = [await counts(launchers), cpuOf(launchers) - cpuBefore];
    const sums = after.map((it, index) => between(before[index]!, it));
    const sum = (of: 'writes' | 'reads') => sums.reduce((total, it) => total + it[of], 0) / lives;
    return { short, long, cpu: cpu / lives, writes: sum('writes'), reads: sum('reads') };
  } finally {
    await farm.stop();
  }
}

/** Three launchers, each with a tree of its own in the same ZooKeeper, and a third of the load. */
async function rateApart(lives: number): Promise<{ readonly short: number; readonly long: number }> {
  const trees = ['/one', '/two', '/three'];
  const farm = await startFarm();
  try {
    const peers = await Promise.all(trees.map((it) => farm.peer(it)));
    await Promise.all(trees.map((it) => farm.launcher(configText(), it)));
    const share = (count: number) => Math.ceil(count / trees.length);
    const live = async (count: number) => {
      const reached = await rate(
        () => Promise.all(peers.map((it) => liveThrough(it, share(count), share(OUTSTANDING)))),
        share(count) * trees.length,
      );
      await Promise.all(peers.map(untilNoNodes));
      return reached;
    };
    await live(1_500 * trees.length);
    return { short: await live(500), long: await live(lives) };
  } finally {
    await farm.stop();
  }
}

interface Host {
  readonly percent: number;
  readonly lives: number;
}

/** One launcher, then three, each on such a host. Nothing where processes cannot be held to a share. */
async function onHosts(name: string, host: Host): Promise<Readonly<Record<string, number>>> {
  const [one, three] = [await rateOnHosts(1, host), await rateOnHosts(3, host)];
  if (one === undefined || three === undefined) return {};
  return {
    [`${name}_one_launcher`]: rounded(one),
    [`${name}_three_launchers`]: rounded(three),
    [`${name}_gain_of_three`]: rounded(three / one),
  };
}

async function rateOnHosts(count: number, { percent, lives }: Host): Promise<number | undefined> {
  const farm = await startFarm();
  const undo: ((() => void) | undefined)[] = [];
  try {
    const peer = await farm.peer();
    const launchers = await Promise.all(Array.from({ length: count }, () => farm.launcher(configText())));
    await liveThrough(peer, WARM_LIVES * count, OUTSTANDING);
    await untilNoNodes(peer);
    for (const { pid } of launchers) undo.push(smallHost(pid, percent));
    if (undo.includes(undefined)) return undefined;
    await liveThrough(peer, SMALL.lives / 4, OUTSTANDING);
    return await rate(() => liveThrough(peer, lives, OUTSTANDING), lives);
  } finally {
    await farm.stop();
    for (const it of undo) it?.();
  }
}

async function onlookerCpu(): Promise<number> {
  const farm = await startFarm();
  try {
    const peer = await farm.peer();
    await farm.launcher(configText());
    const { pid } = await farm.launcher(configText().replaceAll('small', 'other'));
    await liveThrough(peer, WARM_LIVES, OUTSTANDING);
    await untilNoNodes(peer);
    const before = cpuMs(pid);
    await liveThrough(peer, WARM_LIVES, OUTSTANDING);
    await untilNoNodes(peer);
    return (cpuMs(pid) - before) / WARM_LIVES;
  } finally {
    await farm.stop();
  }
}

function counts(launchers: readonly Launcher[]) {
  return Promise.all(launchers.map((it) => it.requests()));
}

function cpuOf(launchers: readonly Launcher[]): number {
  return launchers.reduce((sum, it) => sum + cpuMs(it.pid), 0);
}

async function rate(work: () => Promise<unknown>, count: number): Promise<number> {
  const began = performance.now();
  await work();
  return (count * 1000) / (performance.now() - began);
}
