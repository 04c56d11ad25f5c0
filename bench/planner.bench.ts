import { RequestJudge, type PoolFact, type Situation } from '../src/decide/choose-requests';
import { RequestIndex } from '../src/decide/request-index';
import { orderForPool } from '../src/decide/request-order';
import type { NodeRequest } from '../src/model/records';
import { newRequest } from '../src/model/request-record';
import { seededRandom } from '../src/runtime/random';
import { percentile } from './farm';
import { type Goal, printReport, rounded } from './report';

const WAITING = 10_000;
const ROUNDS = 100;
const EVENTS = 10_000;
const LABELS = 50;
const GOALS: readonly Goal[] = [
  { metric: 'pass_p50_ms', goal: '<=50' },
  { metric: 'pass_p99_ms', goal: '<=50' },
  { metric: 'event_percent_of_pass', goal: '<=5' },
];

/**
 * What a launcher's decisions cost by themselves: one pass of a pool over 10,000 waiting requests with their order, preferences,
 * tenants and labels; and one event, with 10,000 requests known and with a hundred, and as a part of such a pass.
 */
export function run(): Promise<void> {
  const index = filled(WAITING);
  const passes = Array.from({ length: ROUNDS }, () => timed(() => pass(index)));
  const [many, few] = [eventMicros(index), eventMicros(filled(100))];
  const metrics = {
    pass_p50_ms: rounded(percentile(passes, 50)),
    pass_p99_ms: rounded(percentile(passes, 99)),
    event_us: rounded(many),
    event_us_with_100: rounded(few),
    event_percent_of_pass: rounded(many / (percentile(passes, 50) * 10)),
  };
  printReport('planner', metrics, GOALS);
  return Promise.resolve();
}

/** As `PoolWorker` does it. */
function pass(index: RequestIndex): number {
  const labels = new Set(Array.from({ length: LABELS - 5 }, (_, at) => `label-${at}`));
  const judge = new RequestJudge(situation(labels));
  let served = 0;
  for (const { record, likeness } of orderForPool(index.requested, labels)) {
    if (record !== undefined && judge.judge(record, likeness).kind === 'serve') served += 1;
  }
  return served;
}

function situation(labels: ReadonlySet<string>): Situation {
  const pool = (id: string, priority: number): PoolFact => ({
    id,
    provider: `p-${id}`,
    labels,
    priority,
    paused: false,
  });
  return {
    me: pool('me', 100),
    pools: [pool('me', 100), ...Array.from({ length: 9 }, (_, at) => pool(`pool-${at}`, 100 + at))],
    stock: undefined,
    tenantLimits: new Map([['tenant-1', { instances: 1_000 }]]),
    tenantUsed: () => ({ instances: 10 }),
    needOf: (nodeTypes) => ({ instances: nodeTypes.length }),
    reasonToDecline: () => undefined,
  };
}

function filled(count: number): RequestIndex {
  const random = seededRandom(1);
  const index = new RequestIndex();
  for (let at = 0; at < count; at += 1) put(index, at, record(random.next()));
  return index;
}

function record(dice: number): NodeRequest {
  const at = Math.floor(dice * 1e6);
  const nodeTypes = [`label-${at % LABELS}`, ...(at % 4 === 0 ? [`label-${at % 7}`] : [])];
  const facts = { nodeTypes, requestor: 'bench', stateTime: 0, relativePriority: at % 10 };
  return newRequest({ ...facts, tenantName: `tenant-${at % 20}`, provider: at % 50 === 0 ? 'p-me' : null });
}

function put(index: RequestIndex, at: number, it: NodeRequest): void {
  const id = `${100 + (at % 3) * 100}-${String(at).padStart(10, '0')}`;
  index.put(id, { id, record: it, locked: false });
}

/** A request that changes its place, and changes it back. */
function eventMicros(index: RequestIndex): number {
  const random = seededRandom(2);
  const { size } = index;
  const ms = timed(() => {
    for (let count = 0; count < EVENTS; count += 1) put(index, Math.floor(random.next() * size), record(random.next()));
  });
  return (ms * 1000) / EVENTS;
}

function timed(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}
