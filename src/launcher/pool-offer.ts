import type { PoolLabelConfig } from '../config/types';
import { timesFitting } from '../decide/quota';
import type { Offer } from '../decide/request-decline';
import type { Resources } from '../model/records';
import { newestReadyUpload } from './image-choice';
import type { PoolContext } from './pool-context';
import { labelKey } from './provider-runtime';

/** Limits of the pool, `instances` included; absent means unlimited. */
export function poolLimits({ config }: Pick<PoolContext, 'config'>): Resources {
  return config.maxServers === Infinity ? config.limits : { ...config.limits, instances: config.maxServers };
}

/** What the pool has to offer now. */
export function poolOffer(pool: PoolContext): Offer {
  const { config, runtime } = pool;
  const machines = runtime.provider.standing?.machines.filter((it) => it.pool === config.name);
  return {
    ...(machines === undefined ? {} : { machines }),
    maxServers: config.maxServers,
    maxConcurrency: runtime.config.maxConcurrency,
    labels: new Set(config.labels.keys()),
    broken: new Set([...config.labels.keys()].filter((it) => runtime.broken.has(labelKey(config.name, it)))),
    imageReady: (label) => labelImageReady(pool, config.labels.get(label)),
    need: (label) => runtime.need(config.name, label),
    poolLimits: poolLimits(pool),
    available: config.ignoreProviderQuota ? undefined : runtime.available,
    hasQuota: !runtime.isStanding,
  };
}

/** Whether a node of the label could be booted now, as far as its image goes. */
export function labelImageReady(pool: PoolContext, label: PoolLabelConfig | undefined): boolean {
  if (label === undefined) return false;
  if (label.diskImage !== undefined) {
    return newestReadyUpload(pool.world.images, label.diskImage, pool.runtime.config.name) !== undefined;
  }
  return label.cloudImage === undefined || pool.runtime.cloudImageReady(label.cloudImage);
}

/** Σ needs of those labels that the pool knows; undefined while one of them is not known. */
export function needOf(pool: PoolContext, nodeTypes: readonly string[]): Resources | undefined {
  const sum: Record<string, number> = {};
  for (const label of nodeTypes) {
    if (!pool.config.labels.has(label)) continue;
    const need = pool.runtime.need(pool.config.name, label);
    if (need === undefined) return undefined;
    for (const [key, amount] of Object.entries(need)) sum[key] = (sum[key] ?? 0) + amount;
  }
  return sum;
}

/** Whether enough is known about labels, zones and limits to promise nodes. Nodes of one set belong into one zone. */
export function canPromise(pool: PoolContext, nodeTypes: readonly string[]): boolean {
  if (needOf(pool, nodeTypes) === undefined) return false;
  if (nodeTypes.length > 1 && pool.config.availabilityZones.length === 0 && !pool.runtime.knowsZones) return false;
  return pool.config.ignoreProviderQuota || pool.runtime.available !== undefined;
}

/** How many nodes of the label the pool could make at once beside what is there; 0 while that is not known. */
export function roomFor(pool: PoolContext, label: string): number {
  const { config, runtime } = pool;
  const isOffered = !runtime.isStanding && runtime.config.maxConcurrency !== 0;
  if (!isOffered || runtime.broken.has(labelKey(config.name, label))) return 0;
  if (!labelImageReady(pool, config.labels.get(label)) || !canPromise(pool, [label])) return 0;
  const need = needOf(pool, [label])!;
  const { reservations } = pool.world;
  const provider = runtime.config.name;
  const available = config.ignoreProviderQuota ? undefined : runtime.available;
  return Math.min(
    timesFitting(poolLimits(pool), reservations.used(provider, config.name), need),
    timesFitting(available ?? {}, reservations.used(provider), need),
  );
}
