import { isServableElsewhere } from '../decide/choose-requests';
import { type RequestRank, requestRank } from '../decide/request-order';
import { underAll } from '../runtime/link-signals';
import { ClaimLostError } from '../store/api';
import { isZkError } from '../zk/errors';
import type { Filling } from './fill-slots';
import type { HeldNode } from './held-node';
import { failLaunch, launchNode, type LaunchOutcome } from './launch-node';
import { launchLog, launchReporter } from './launch-report';
import { NodeUnwantedError } from './launch-turns';
import type { PoolContext } from './pool-context';
import { sharedScopes } from './shared-limits';
import { traceLaunch } from './trace-launch';

/** What is to become of a node that exists. */
export interface LaunchWish {
  /** A label of the pool. */
  readonly label: string;
  /** Chosen for the whole set; undefined where the cloud has none. */
  readonly zone: string | undefined;
  /** The node was begun by a launcher that is gone. */
  readonly inherited: boolean;
}

/** Of the request that a launch serves. */
type Served = Pick<Filling, 'id' | 'request' | 'set' | 'span'>;

/**
 * Starts a launch that goes on whatever becomes of the request, until it ends or the launcher has to go at once. Never
 * rejects, and keeps the node's lock.
 */
export async function startLaunch(
  node: HeldNode,
  wish: LaunchWish,
  served: Served,
  pool: PoolContext,
): Promise<LaunchOutcome> {
  const { runtime, tools, now } = pool;
  const about = { runtime, label: { name: wish.label }, requestId: served.id, request: served.request };
  const letGo = runtime.hold();
  const report = launchReporter(node, about, tools);
  try {
    return await launchInTurn(node, wish, served, pool);
  } catch (error) {
    if (now.aborted || isNotOurs(error, node)) return 'lost';
    return await failLaunch(node, error, report, launchLog(node, about, tools));
  } finally {
    await letGo();
  }
}

async function launchInTurn(
  node: HeldNode,
  { label: name, zone, inherited }: LaunchWish,
  { id, request, set, span }: Served,
  pool: PoolContext,
): Promise<LaunchOutcome> {
  const { runtime, config, tools, world, now } = pool;
  const label = config.labels.get(name);
  if (label === undefined) throw new Error(`label is not in the pool any more: ${name}`); // the file has changed meanwhile
  const job = {
    runtime,
    pool: config,
    label,
    zone,
    requestId: id,
    request,
    images: world.images,
    inherited,
    endsSet: () => set.endsWith(node),
    othersCould: () => {
      const record = world.requests.get(id)?.record ?? request;
      return isServableElsewhere(record, runtime.config.name, world.pools());
    },
  };
  const endTurn = await underAll([now, node.signal], async (it) => {
    await takeTurn(node, requestRank(id, request), pool, it);
    return runtime.launchSlot(it);
  });
  try {
    const about = { node: node.id, provider: runtime.config.name, label: name, inherited };
    return await traceLaunch(span, about, (it) => launchNode(node, { ...job, span: it }, tools, now));
  } finally {
    endTurn();
    pool.nudge();
  }
}

/** Whether it is no fault of the launch: the node is somebody else's by now, or nobody's wish any more. */
function isNotOurs(error: unknown, node: HeldNode): boolean {
  if (error instanceof ClaimLostError || error instanceof NodeUnwantedError) return true;
  return node.signal.aborted || isZkError(error, 'SESSION_EXPIRED', 'SESSION_CLOSED'); // and with it the lock
}

/** Waits until a node that was created ahead of its launch may begin. */
async function takeTurn(node: HeldNode, rank: RequestRank, pool: PoolContext, signal: AbortSignal): Promise<void> {
  if (node.record.state !== 'init' || mostLaunches(pool) === Infinity) return;
  const order = {
    node,
    provider: pool.runtime.config.name,
    scopes: sharedScopes(pool, null),
    rank,
    most: () => mostLaunches(pool),
  };
  await pool.creator.turns.take(order, signal);
}

/** How many launches of the provider may be under way at a time. */
export function mostLaunches({ runtime }: PoolContext): number {
  const { maxConcurrency } = runtime.config;
  return maxConcurrency < 0 ? Infinity : Math.max(1, maxConcurrency);
}
