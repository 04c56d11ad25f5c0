import { overdrawn, total } from '../decide/quota';
import type { Resources } from '../model/records';
import type { PoolContext } from './pool-context';
import { poolLimits } from './pool-offer';

/** What other launchers may be using up at the same moment: a provider with limits, a tenant with limits. */
export function sharedScopes(pool: PoolContext, tenant: string | null): readonly string[] {
  const { runtime } = pool;
  const isLimited =
    runtime.config.maxConcurrency >= 0 ||
    [...runtime.config.pools.values()].some(
      (config) =>
        Object.keys(poolLimits({ config })).length > 0 ||
        (!config.ignoreProviderQuota && Object.keys(runtime.available ?? {}).length > 0),
    );
  return [...(isLimited ? [`provider ${runtime.config.name}`] : []), ...tenantScope(pool, tenant)];
}

/** Of a node that exists already and changes its tenant. */
export function tenantScope(pool: PoolContext, tenant: string | null): readonly string[] {
  return tenant !== null && pool.tenantLimits().has(tenant) ? [`tenant ${tenant}`] : [];
}

/** Whether nothing is used beyond the limits of pool, provider and tenant by nodes that are counted already. */
export function staysWithin(pool: PoolContext, tenant: string | null, needs: readonly Resources[]): boolean {
  const { config, runtime, world } = pool;
  const need = total(needs);
  const provider = runtime.config.name;
  if (overdrawn(poolLimits(pool), world.reservations.used(provider, config.name), need) !== undefined) return false;
  if (!config.ignoreProviderQuota) {
    if (overdrawn(runtime.available ?? {}, world.reservations.used(provider), need) !== undefined) return false;
  }
  return tenantStaysWithin(pool, tenant, need);
}

export function tenantStaysWithin(pool: PoolContext, tenant: string | null, need: Resources): boolean {
  const limits = tenant === null ? undefined : pool.tenantLimits().get(tenant);
  if (tenant === null || limits === undefined) return true;
  return overdrawn(limits, pool.world.reservations.usedByTenant(tenant), need) === undefined;
}
