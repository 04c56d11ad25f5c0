import { EventEmitter, once } from 'node:events';
import { Backoff } from '../../../src/runtime/backoff';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import { type LoopTools, Nudge, type PassOutcome, runReconciler } from '../../../src/runtime/reconcile';
import { FakeClock } from '../../support/fake-clock';

function loop(pass: (stop: AbortController) => Promise<{ againInMs: number }>) {
  const clock = new FakeClock();
  const events = new EventEmitter();
  const stop = new AbortController();
  const outcomes: PassOutcome[] = [];
  const tools: LoopTools = {
    clock,
    log: silentLogger,
    nudge: new Nudge(),
    backoff: new Backoff({ firstMs: 1000, maxMs: 1000 }, seededRandom(1)),
    onPass: (outcome) => {
      outcomes.push(outcome);
      events.emit('pass');
    },
  };
  const ended = runReconciler({ name: 'test', pass: () => pass(stop) }, tools, stop.signal);
  const untilPasses = async (count: number) => {
    while (outcomes.length < count) await once(events, 'pass');
    return outcomes[count - 1]!;
  };
  return { clock, tools, stop, ended, outcomes, untilPasses };
}

test('passes again when the time it asked for is over, and not before', async () => {
  const it = loop(async () => ({ againInMs: 60_000 }));
  await it.untilPasses(1);
  await it.clock.untilSleeping();
  await it.clock.advance(59_999);
  expect(it.outcomes).toHaveLength(1);
  await it.clock.advance(1);
  expect(await it.untilPasses(2)).toMatchObject({ waitMs: 60_000 });
  it.stop.abort(new Error('end'));
  await it.ended;
  expect(it.clock.sleeping).toBe(0);
});

test('a nudge wakes it at once; one during a pass is not lost', async () => {
  let passes = 0;
  const it = loop(async () => {
    passes += 1;
    if (passes === 2) it.tools.nudge.nudge();
    return { againInMs: 60_000 };
  });
  await it.clock.untilSleeping();
  it.tools.nudge.nudge();
  await it.untilPasses(3);
  await it.clock.untilSleeping();
  expect(passes).toBe(3);
  it.stop.abort(new Error('end'));
  await it.ended;
});

test('a failing pass is repeated after a back-off', async () => {
  let passes = 0;
  const it = loop(async () => {
    passes += 1;
    if (passes === 1) throw new Error('cloud away');
    return { againInMs: 60_000 };
  });
  expect(await it.untilPasses(1)).toMatchObject({ error: new Error('cloud away') });
  await it.clock.untilSleeping();
  await it.clock.advance(1000);
  expect(await it.untilPasses(2)).not.toHaveProperty('error');
  it.stop.abort(new Error('end'));
  await it.ended;
});

test('a pass cut short by the stop is no failure', async () => {
  const it = loop((stop) => {
    stop.abort(new Error('end'));
    return Promise.reject(new Error('aborted call'));
  });
  await it.ended;
  expect(it.outcomes).toEqual([]);
});
