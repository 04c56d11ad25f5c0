import type { PoolFact, Situation } from '../decide/choose-requests';
import type { Resources } from '../model/records';
import type { PoolContext } from './pool-context';
import { needOf } from './pool-offer';

/** What the pool knows when it judges requests. */
export function poolSituation(
  pool: PoolContext,
  pools: readonly PoolFact[],
  tenantLimits: ReadonlyMap<string, Resources>,
  reasonToDecline: Situation['reasonToDecline'],
): Situation {
  const { config, runtime, world, id } = pool;
  return {
    me: { id, provider: runtime.config.name, labels: new Set(config.labels.keys()), priority: config.priority },
    pools,
    stock: undefined,
    tenantLimits,
    tenantUsed: (tenant) => world.reservations.usedByTenant(tenant),
    needOf: (nodeTypes) => needOf(pool, nodeTypes),
    reasonToDecline,
  };
}
