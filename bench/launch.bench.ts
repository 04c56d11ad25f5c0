import { configText, floorMs, percentile, startFarm } from './farm';
import { liveThrough } from './life-load';
import { type Goal, printReport, rounded } from './report';

const ROUNDS = 300;
const GOALS: readonly Goal[] = [{ metric: 'p99_ms', goal: '<=100' }];

/** What a launch costs beside the cloud: submitted → fulfilled with a new node, whose cloud takes no time, one at a time. */
export async function run(): Promise<void> {
  const farm = await startFarm();
  try {
    const peer = await farm.peer();
    await farm.launcher(configText());
    await liveThrough(peer, 50, 1);
    const times = (await liveThrough(peer, ROUNDS, 1)).map((it) => it.fulfilledMs);
    const metrics = {
      p50_ms: rounded(percentile(times, 50)),
      p99_ms: rounded(percentile(times, 99)),
      floor_three_writes_ms: rounded(await floorMs(peer.zk)),
    };
    printReport('launch', metrics, GOALS);
  } finally {
    await farm.stop();
  }
}
