import { type PoolFact, RequestJudge } from '../../../src/decide/choose-requests';
import { RequestIndex } from '../../../src/decide/request-index';
import { orderForPool } from '../../../src/decide/request-order';
import { requestFact } from '../../support/node-facts';

const WAITING = 10_000;

/** Ten thousand waiting requests of 40 labels and 7 tenants, in front of 20 pools. */
function setUp() {
  const index = new RequestIndex();
  for (let number = 0; number < WAITING; number += 1) {
    const id = `${100 * (1 + (number % 3))}-${String((number * 7919) % WAITING).padStart(10, '0')}`;
    const nodeTypes = number % 5 === 0 ? [`label-${number % 40}`, 'label-1'] : [`label-${number % 40}`];
    index.put(id, requestFact(id, { nodeTypes, relativePriority: number % 11, tenantName: `tenant-${number % 7}` }));
  }
  const labels = new Set(Array.from({ length: 40 }, (_, it) => `label-${it}`));
  const pools = Array.from({ length: 20 }, (_, it): PoolFact => {
    return { id: `pool-${it}`, provider: `provider-${it}`, labels, priority: 100, paused: false };
  });
  const judge = () =>
    new RequestJudge({
      me: pools[0]!,
      pools,
      stock: undefined,
      tenantLimits: new Map([['tenant-1', { instances: 10 }]]),
      tenantUsed: () => ({ instances: 10 }),
      needOf: (nodeTypes) => ({ instances: nodeTypes.length }),
      reasonToDecline: () => undefined,
    });
  return { index, labels, judge };
}

test('a pass over ten thousand waiting requests takes less than 50 ms of work', () => {
  const { index, labels, judge } = setUp();
  const times = Array.from({ length: 12 }, () => {
    const before = process.cpuUsage();
    const fresh = judge();
    let served = 0;
    for (const { record, likeness } of orderForPool(index.requested, labels)) {
      if (fresh.judge(record!, likeness).kind === 'serve') served += 1;
    }
    expect(served).toBeGreaterThan(WAITING / 2);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000; // of this process: other programs on the machine do not count
  });
  expect(Math.min(...times)).toBeLessThan(50);
});

test('an event among ten thousand waiting requests costs no pass over them', () => {
  const { index } = setUp();
  const before = process.cpuUsage();
  for (let number = 0; number < 1000; number += 1) {
    index.put('200-9999999999', requestFact('200-9999999999', { relativePriority: number }));
  }
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000_000).toBeLessThan(1);
  expect(index.size).toBe(WAITING + 1);
});
