import type { NodePick } from '../decide/plan-nodes';
import type { NodeRequest } from '../model/records';
import { pick as pickOne } from '../runtime/random';
import { wallSeconds } from '../runtime/clock';
import { underSignals } from './cloud-call';
import { HeldNode } from './held-node';
import { chooseImage } from './image-choice';
import { type LaunchOutcome, launchNode } from './launch-node';
import { newNodeRecord } from './launch-record';
import type { Assignment, NodeSet } from './node-set';
import type { PoolContext } from './pool-context';

export interface Filling {
  readonly id: string;
  readonly request: NodeRequest;
  readonly set: NodeSet;
  /** Nodes that turned out not to be free; not to be chosen again for this request. */
  readonly avoid: Set<string>;
}

/**
 * Carries out an assignment: ready nodes are locked and allocated, new ones created and their launches started. All at the
 * same time; what could not be had leaves its slot open. Rejects when something unexpected fails, after all have ended.
 */
export async function fillSlots(
  assignment: Assignment,
  filling: Filling,
  pool: PoolContext,
  signal: AbortSignal,
): Promise<void> {
  const zone = filling.set.zone ?? assignment.zone ?? chooseZone(assignment, pool);
  try {
    const ended = await Promise.allSettled(
      assignment.picks.map((it) =>
        it.kind === 'reuse'
          ? reuse(it, assignment, filling, pool, signal)
          : launch(it, assignment, zone, filling, pool, signal),
      ),
    );
    const failed = ended.find((it) => it.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } finally {
    assignment.cancel();
  }
}

function chooseZone(assignment: Assignment, { config, runtime, tools }: PoolContext): string | undefined {
  if (!assignment.picks.some((it) => it.kind === 'launch')) return undefined;
  const zones = config.availabilityZones.length > 0 ? config.availabilityZones : runtime.zones;
  return zones.length === 0 ? undefined : pickOne(tools.random, zones);
}

async function reuse(
  pick: Extract<NodePick, { kind: 'reuse' }>,
  assignment: Assignment,
  { id, request, set, avoid }: Filling,
  pool: PoolContext,
  signal: AbortSignal,
): Promise<void> {
  const claim = await pool.tools.store.nodes.claim(pick.node, signal);
  if (claim === undefined) {
    avoid.add(pick.node);
    return;
  }
  const node = new HeldNode(claim);
  const { state, allocatedTo } = node.record;
  if (state !== 'ready' || allocatedTo !== null) {
    avoid.add(pick.node);
    await node.release();
    return;
  }
  try {
    await node.write({ allocatedTo: id, tenantName: request.tenantName, requestor: request.requestor });
  } catch (error) {
    await node.release();
    throw error;
  }
  assignment.places.get(pick.slot)?.bind(node.id);
  set.fill(pick.slot, node, Promise.resolve('ready'), 'ready');
}

async function launch(
  pick: Extract<NodePick, { kind: 'launch' }>,
  assignment: Assignment,
  zone: string | undefined,
  { id, request, set }: Filling,
  pool: PoolContext,
  signal: AbortSignal,
): Promise<void> {
  const { tools, runtime, config } = pool;
  const label = config.labels.get(pick.label);
  if (label === undefined) throw new Error(`label is not in the pool any more: ${pick.label}`);
  const choice = chooseImage(label, runtime.config, pool.world.images);
  const record = newNodeRecord({
    provider: runtime.config.name,
    pool: config,
    label: pick.label,
    launcher: pool.id,
    requestId: id,
    request,
    need: pick.need,
    choice,
    zone,
    nowSeconds: wallSeconds(tools.clock),
  });
  const node = new HeldNode(await tools.store.nodes.create(record, signal));
  assignment.places.get(pick.slot)?.bind(node.id);
  set.zone ??= zone;
  set.fill(pick.slot, node, startLaunch(node, pick.label, zone, false, { id, request }, pool));
}

/** Starts a launch that goes on whatever becomes of the request, until it ends or the launcher has to go at once. */
export function startLaunch(
  node: HeldNode,
  labelName: string,
  zone: string | undefined,
  inherited: boolean,
  { id, request }: Pick<Filling, 'id' | 'request'>,
  pool: PoolContext,
): Promise<LaunchOutcome> {
  const { runtime, config, tools, world, now } = pool;
  const label = config.labels.get(labelName)!;
  const letGo = runtime.hold();
  const job = { runtime, pool: config, label, zone, requestId: id, request, images: world.images, inherited };
  const work = async (): Promise<LaunchOutcome> => {
    const endTurn = await underSignals([now, node.signal], (it) => runtime.launchSlot(it)).catch(() => undefined);
    if (endTurn === undefined) return 'lost'; // we have to go, or the node is not ours any more
    try {
      return await launchNode(node, job, tools, now);
    } finally {
      endTurn();
      await letGo();
      pool.nudge();
    }
  };
  return work();
}
