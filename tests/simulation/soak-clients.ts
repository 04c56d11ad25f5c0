import { systemClock } from '../../src/runtime/clock';
import { pick } from '../../src/runtime/random';
import type { NodeSet, SubmittedRequest } from '../../src/scheduler/scheduler';
import type { Peer } from '../integration/launcher/fleet';
import { treePicture } from '../support/tree-picture';
import type { Invariants } from './soak-invariants';
import { pause } from './soak-chaos';
import type { SoakWorld } from './soak-world';

/**
 * No request may take longer, whatever happens to launchers: several attempts of a launch that hangs, and a machine that others use
 * as well. What takes still longer is not waited for.
 */
const PATIENCE_MS = 120_000;
const NEVER_MS = 180_000;

/** What became of requests, by outcome. */
export type Outcomes = Map<string, number>;

/** One scheduler after another request until told to stop. */
export async function work(world: SoakWorld, invariants: Invariants, outcomes: Outcomes, stop: AbortSignal) {
  while (!stop.aborted) {
    const what = await oneRequest(world, invariants);
    outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
    await pause(world.random.next() * 300, stop);
  }
}

async function oneRequest(world: SoakWorld, invariants: Invariants): Promise<string> {
  const { random } = world;
  const { scheduler } = world.peer;
  const labels = pick(random, [['small'], ['small', 'small'], ['big'], ['big', 'small', 'big'], ['small']]);
  const request = await scheduler.submit({
    labels,
    priority: pick(random, ['high', 'normal', 'low'] as const),
    relativePriority: Math.floor(random.next() * 3),
    provider: pick(random, [null, null, 'fake-east', 'fake-west']),
    tenantName: pick(random, ['acme', 'other']),
  });
  if (random.next() < 0.2) {
    await systemClock.sleep(random.next() * 600);
    await scheduler.cancel(request);
    return 'cancelled';
  }
  const outcome = await finalOutcome(world, invariants, request);
  if (outcome.state === 'gone') throw new Error(`request ${request.id} is gone, though nobody deleted it`);
  if (outcome.state === 'failed' || random.next() < 0.1) {
    await scheduler.cancel(request);
    return outcome.state === 'failed' ? 'failed' : 'not taken';
  }
  await invariants.handedOver(request.id, labels, outcome.record.nodes);
  if (random.next() < 0.05) return crashingExecutor(world, request);
  const set = await scheduler.accept(request, AbortSignal.timeout(PATIENCE_MS));
  return invariants.during(set, () => useNodes(world, set));
}

/** One that takes too long is a violation, and waited for all the same: the soak shall go on. */
async function finalOutcome({ peer }: SoakWorld, invariants: Invariants, request: SubmittedRequest) {
  const stop = new AbortController();
  const late = systemClock.after(PATIENCE_MS, () => {
    invariants.violated(`request ${request.id} is not final after ${PATIENCE_MS} ms:\n${treePicture(peer.store)}`);
  });
  const never = systemClock.after(NEVER_MS, () => stop.abort(new Error(`request ${request.id} never ends`)));
  try {
    return await peer.scheduler.await(request, stop.signal);
  } finally {
    late.cancel();
    never.cancel();
  }
}

async function useNodes({ random }: SoakWorld, set: NodeSet): Promise<string> {
  if (random.next() < 0.1) {
    await set.release();
    return 'taken, not used';
  }
  await set.use();
  await systemClock.sleep(random.next() * 200);
  if (random.next() < 0.1) {
    await set.hold({ reason: 'soak', job: 'acme project job .*', expirationSeconds: 1 });
    await set.release();
    return 'held';
  }
  await set.markUsed();
  await set.release();
  return 'used';
}

/** Somebody with a session of its own takes the nodes and dies with them. */
async function crashingExecutor({ fleet }: SoakWorld, request: SubmittedRequest): Promise<string> {
  const executor: Peer = await fleet.peer();
  const set = await executor.scheduler.accept(request, AbortSignal.timeout(PATIENCE_MS));
  await set.use();
  await executor.close();
  return 'executor died';
}
