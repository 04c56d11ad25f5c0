import { type KnownNode } from '../decide/node-index';
import type { Reservation } from '../decide/node-reservations';
import { type NodeSetPlan, planNodeSet } from '../decide/plan-nodes';
import { tenantShortage } from '../decide/tenant-limits';
import type { Assignment } from './node-set';
import type { PoolContext } from './pool-context';
import { needOf, poolLimits } from './pool-offer';
import type { RequestHandler } from './request-handler';

/** How the request's open slots could be filled at this moment. */
export function planFor(handler: RequestHandler, pool: PoolContext): NodeSetPlan {
  const { config, runtime, world } = pool;
  const provider = runtime.config.name;
  const { reservations } = world;
  const rooms = [{ limits: poolLimits(pool), used: reservations.used(provider, config.name) }];
  if (!config.ignoreProviderQuota) {
    rooms.push({ limits: runtime.available ?? {}, used: reservations.used(provider) });
  }
  return planNodeSet({
    open: handler.set.open,
    reuse: handler.request.reuse,
    zone: handler.set.zone,
    free: (label) => untaken(world.nodes.free(provider, config.name, label), handler, pool),
    need: (label) => runtime.need(config.name, label) ?? {},
    rooms,
    canLaunch: !runtime.isStanding,
  });
}

function* untaken(
  nodes: Iterable<KnownNode>,
  handler: RequestHandler,
  { world, runtime }: PoolContext,
): Iterable<KnownNode> {
  for (const node of nodes) {
    if (node.locked || world.reservations.isTaken(node.id) || handler.avoid.has(node.id)) continue;
    if (!runtime.isStanding || runtime.stock?.offers(node) === true) yield node;
  }
}

/** Keeps the plan's nodes and places for the request from this moment on. */
export function promise(
  plan: Extract<NodeSetPlan, { kind: 'complete' }>,
  handler: RequestHandler,
  pool: PoolContext,
): Assignment {
  const { runtime, config, world } = pool;
  const tenant = handler.request.tenantName;
  const places = new Map<number, Reservation>();
  const undo: (() => void)[] = [];
  for (const pick of plan.picks) {
    const spec = { provider: runtime.config.name, pool: config.name, tenant };
    if (pick.kind === 'reuse') {
      undo.push(world.reservations.take(pick.node));
      const need = world.nodes.get(pick.node)?.record?.resources ?? {};
      places.set(pick.slot, world.reservations.reserve({ ...spec, need, tenantOnly: true }));
    } else places.set(pick.slot, world.reservations.reserve({ ...spec, need: pick.need }));
  }
  for (const place of places.values()) undo.push(() => place.cancel());
  return {
    picks: plan.picks,
    zone: plan.zone,
    places,
    cancel: () => undo.forEach((it) => it()),
  };
}

/**
 * What the rest of a waiting request's nodes would take beyond its tenant's limits; undefined for nothing. Asked anew each time:
 * others of the tenant may have been served since it was accepted.
 */
export function lackingForTenant({ request, set }: RequestHandler, pool: PoolContext): string | undefined {
  const { tenantName: tenant } = request;
  if (tenant === null) return undefined;
  const open = set.open.map((it) => it.label);
  const used = pool.world.reservations.usedByTenant(tenant);
  return tenantShortage({ tenant, limits: pool.tenantLimits(), used, need: needOf(pool, open) ?? {} });
}

/** Keeps a waiting request's room below its tenant's limits: it was found to be there when the request was accepted. */
export function tenantPlace(handler: RequestHandler, pool: PoolContext): Reservation | undefined {
  const tenant = handler.request.tenantName;
  const need = needOf(
    pool,
    handler.set.open.map((it) => it.label),
  );
  if (tenant === null || need === undefined) return undefined;
  const { runtime, config, world } = pool;
  return world.reservations.reserve({
    provider: runtime.config.name,
    pool: config.name,
    tenant,
    need,
    tenantOnly: true,
  });
}
