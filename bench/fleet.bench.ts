import { readFileSync } from 'node:fs';
import { newNode } from '../src/model/node-record';
import { NODES, nodeLock } from '../src/model/paths';
import { printNode } from '../src/model/node-record';
import type { Op } from '../src/zk/client';
import { type Farm, type Launcher, type Peer, between, configText, cpuMs, startFarm, tools } from './farm';
import { liveThrough } from './life-load';
import { type Goal, printReport, rounded } from './report';

const NODES_IN_FLEET = 10_000;
const BATCH = 200;
const SETTLE_MS = 10_000;
/** V8 gives back, once and for a quarter of a second, what was needed for the start, as soon as it sees that nothing happens. */
const TIDY_MS = 30_000;
const IDLE_MS = 20_000;
const GOALS: readonly Goal[] = [
  { metric: 'rss_mib', goal: '<=200' },
  { metric: 'idle_cpu_percent', goal: '<=0.5' },
  { metric: 'idle_requests', goal: '<=0' },
  { metric: 'first_node_ms', goal: '<=1000' },
];

/** What a launcher costs that has nothing to do: 10,000 nodes in use, locked by their scheduler. And how soon it begins. */
export async function run(): Promise<void> {
  const farm = await startFarm();
  try {
    const peer = await farm.peer();
    const firstMs = await firstNode(farm, peer);
    await fill(peer);
    const launcher = await farm.launcher(configText());
    await tools.clock.sleep(SETTLE_MS);
    const rssMib = statusKib(launcher.pid, 'VmRSS') / 1024;
    await tools.clock.sleep(TIDY_MS);
    const idle = await idleCost(launcher);
    const metrics = {
      rss_mib: rounded(rssMib),
      rss_later_mib: rounded(statusKib(launcher.pid, 'VmRSS') / 1024),
      idle_cpu_percent: rounded(idle.cpuPercent),
      idle_requests: idle.requests,
      ready_with_fleet_ms: rounded(launcher.readyMs),
      first_node_ms: rounded(firstMs),
    };
    printReport('fleet', metrics, GOALS);
  } finally {
    await farm.stop();
  }
}

/** From the start of the process to the first node, of a request that waits already. */
async function firstNode(farm: Farm, peer: Peer): Promise<number> {
  const began = performance.now();
  const served = liveThrough(peer, 1, 1).then(() => performance.now() - began);
  const launcher = await farm.launcher(configText());
  const ms = await served;
  await launcher.stop();
  return ms;
}

async function fill({ zk }: Peer): Promise<void> {
  const stateTime = tools.clock.wall() / 1000;
  for (let made = 0; made < NODES_IN_FLEET; made += BATCH) {
    const ops = Array.from({ length: BATCH }, (_, index): Op => {
      const facts = { provider: 'fake-east', pool: 'main', type: ['small'], externalId: `server-${made + index}` };
      const data = printNode(newNode({ ...facts, state: 'in-use', stateTime, interfaceIp: '10.0.0.1' }));
      return { op: 'create', path: `${NODES}/`, data, mode: 'persistent-sequential' };
    });
    const created = await zk.transaction(ops);
    await zk.transaction(
      created.flatMap((it): Op[] => {
        if (it.op !== 'create') return [];
        const dir = nodeLock(it.path.slice(NODES.length + 1));
        const contender = `${dir}/${tools.random.hex(16)}__lock__`;
        return [
          { op: 'create', path: dir, data: Buffer.alloc(0) },
          { op: 'create', path: contender, data: Buffer.alloc(0), mode: 'ephemeral-sequential' },
        ];
      }),
    );
  }
}

async function idleCost(launcher: Launcher): Promise<{ readonly cpuPercent: number; readonly requests: number }> {
  const [requests, used] = [await launcher.requests(), cpuMs(launcher.pid)];
  await tools.clock.sleep(IDLE_MS);
  const cpuPercent = ((cpuMs(launcher.pid) - used) * 100) / IDLE_MS;
  const { writes, reads } = between(requests, await launcher.requests());
  return { cpuPercent, requests: writes + reads };
}

function statusKib(pid: number, key: string): number {
  return Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
