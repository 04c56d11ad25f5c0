import type { Reservation } from '../decide/node-reservations';
import type { NodePick } from '../decide/plan-nodes';
import type { Node, NodeRequest } from '../model/records';
import { pick as pickOne } from '../runtime/random';
import { wallSeconds } from '../runtime/clock';
import type { Span } from '../runtime/tracing/tracing';
import { ClaimLostError, type NewNode, type NodeClaim, type NodeEntry, type NodeTaking } from '../store/api';
import { HeldNode } from './held-node';
import { chooseImage } from './image-choice';
import { newNodeRecord } from './launch-record';
import type { Assignment, NodeSet } from './node-set';
import type { PoolContext } from './pool-context';
import { sharedScopes, staysWithin, tenantScope, tenantStaysWithin } from './shared-limits';
import { mostLaunches, startLaunch } from './start-launch';

type ReusePick = Extract<NodePick, { kind: 'reuse' }>;
type LaunchPick = Extract<NodePick, { kind: 'launch' }>;

export interface Filling {
  readonly id: string;
  readonly request: NodeRequest;
  readonly set: NodeSet;
  /** Nodes that turned out not to be free; not to be chosen again for this request. */
  readonly avoid: Set<string>;
  /** What launches are traced below. */
  readonly span: Span;
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
    const reuses = assignment.picks.filter((it) => it.kind === 'reuse');
    const launches = assignment.picks.filter((it) => it.kind === 'launch');
    const ended = await Promise.allSettled([
      ...reuses.map((it) => reuse(it, assignment, filling, pool, signal)),
      launchAll(launches, assignment, zone, filling, pool, signal),
    ]);
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

/**
 * What to take where ready nodes are all that is assigned, and no limit is shared with other launchers: then they can be locked
 * in the transaction that takes the request. In the order of the picks; undefined where they cannot.
 */
export function takingAll(
  { picks }: Assignment,
  { id, request }: Pick<Filling, 'id' | 'request'>,
  pool: PoolContext,
): readonly NodeTaking[] | undefined {
  if (tenantScope(pool, request.tenantName).length > 0) return undefined;
  const takings = picks.map((pick) => {
    const entry = pick.kind === 'reuse' ? freeEntry(pick, pool) : undefined;
    return entry === undefined ? undefined : { entry, change: allocation(id, request) };
  });
  const found = takings.filter((it) => it !== undefined);
  return found.length === picks.length ? found : undefined;
}

/** Fills the slots with what was taken, in the order of the picks. */
export function fillWithTaken(
  assignment: Assignment,
  claims: readonly NodeClaim[],
  filling: Filling,
  pool: PoolContext,
): void {
  for (const [index, pick] of assignment.picks.entries())
    fillWithReady(pick, claims[index]!, assignment, filling, pool);
  assignment.cancel();
}

function freeEntry(pick: ReusePick, pool: PoolContext): NodeEntry | undefined {
  const entry = pool.world.nodeEntry(pick.node);
  return entry?.record?.state === 'ready' && entry.record.allocatedTo === null ? entry : undefined;
}

function allocation(id: string, { tenantName, requestor }: NodeRequest): Partial<Node> {
  return { allocatedTo: id, tenantName, requestor };
}

async function reuse(
  pick: ReusePick,
  assignment: Assignment,
  filling: Filling,
  pool: PoolContext,
  signal: AbortSignal,
): Promise<void> {
  const { store } = pool.tools;
  const { id, request } = filling;
  const entry = freeEntry(pick, pool);
  const { tenantName } = request;
  const need = entry?.record?.resources ?? {};
  const claim =
    entry === undefined
      ? undefined
      : await pool.order.carryOut(
          {
            scopes: tenantScope(pool, tenantName),
            holds: () => tenantStaysWithin(pool, tenantName, need),
            write: (guard) => store.nodes.claimAs(entry, allocation(id, request), signal, guard),
          },
          signal,
        );
  if (claim === undefined) {
    filling.avoid.add(pick.node);
    return;
  }
  fillWithReady(pick, claim, assignment, filling, pool);
}

function fillWithReady(
  pick: NodePick,
  claim: NodeClaim,
  { places }: Assignment,
  { set, span }: Filling,
  { tools }: PoolContext,
): void {
  const node = new HeldNode(claim, tools.log);
  span.event('takes ready node', { 'nodepool.node': node.id });
  places.get(pick.slot)?.bind(node.id);
  set.fill(pick.slot, node, Promise.resolve('ready'), 'ready');
}

/**
 * All are created at once, or none, which leaves their slots open: others were faster. So they count from one moment on, also
 * those that `max-concurrency` lets be launched only later.
 */
async function launchAll(
  picks: readonly LaunchPick[],
  assignment: Assignment,
  zone: string | undefined,
  filling: Filling,
  pool: PoolContext,
  signal: AbortSignal,
): Promise<void> {
  if (picks.length === 0) return;
  const { id, request } = filling;
  const { runtime, config, tools } = pool;
  const records = picks.map((pick) => {
    const label = config.labels.get(pick.label);
    if (label === undefined) throw new Error(`label is not in the pool any more: ${pick.label}`);
    return newNodeRecord({
      provider: runtime.config.name,
      pool: config,
      label: pick.label,
      launcher: pool.id,
      requestId: id,
      request,
      need: pick.need,
      choice: chooseImage(label, runtime.config, pool.world.images),
      zone,
      nowSeconds: wallSeconds(tools.clock),
    });
  });
  const order = {
    provider: runtime.config.name,
    nodes: records,
    places: picks.map((it) => assignment.places.get(it.slot)!),
    scopes: sharedScopes(pool, request.tenantName),
    maxLaunches: mostLaunches(pool),
    fits: () =>
      staysWithin(
        pool,
        request.tenantName,
        picks.map((it) => it.need),
      ),
  };
  const created = await pool.creator.create(order, signal);
  const begun = created?.map((it, index) => launch(it, picks[index]!, order.places[index]!, zone, filling, pool));
  await Promise.all(begun ?? []);
}

async function launch(
  created: NewNode,
  pick: LaunchPick,
  place: Reservation,
  zone: string | undefined,
  filling: Filling,
  pool: PoolContext,
): Promise<void> {
  let claim: NodeClaim;
  try {
    claim = await created.lock();
  } catch (error) {
    place.release();
    if (error instanceof ClaimLostError) return; // an operator was faster: its slot is open again
    throw error;
  }
  const node = new HeldNode(claim, pool.tools.log);
  filling.set.fixZone(zone);
  filling.set.fill(pick.slot, node, startLaunch(node, { label: pick.label, zone, inherited: false }, filling, pool));
}
