import type { Json } from '../model/json';
import type { Resources } from '../model/records';
import { asFlag, asList, asMap, asNumber, asText, asTextMap, type Section } from './section';
import type { PoolConfig, PoolLabelConfig } from './types';

/** Names that keys of a pool go by in resources (launcher.md 12). `max-servers` is a field of its own. */
const LIMITS = { 'max-cores': 'cores', 'max-ram': 'ram', 'max-volumes': 'volumes', 'max-volume-gb': 'volume-gb' };

/** A pool from its section; what the provider's section says counts where the pool says nothing. */
export function resolvePool(section: Section, provider: Section, providerName: string, driver: string): PoolConfig {
  const inherited = (key: string) => section[key] ?? provider[key];
  const hostKeyChecking = asFlag(inherited('host-key-checking')) ?? true;
  return {
    name: asText(section['name']) ?? '',
    provider: providerName,
    maxServers:
      asNumber(section['max-servers']) ?? (INHERIT_SERVERS.has(driver) ? providerServers(provider) : Infinity),
    limits: poolLimits(section, provider),
    priority: asNumber(inherited('priority')) ?? 100,
    nodeAttributes: (asMap(section['node-attributes']) as Record<string, Json> | undefined) ?? null,
    availabilityZones: zones(section),
    ignoreProviderQuota: asFlag(section['ignore-provider-quota']) ?? false,
    useInternalIp: asFlag(inherited('use-internal-ip')) ?? false,
    hostKeyChecking,
    labels: new Map(labelSections(section).map((it) => [String(it['name']), resolveLabel(it, hostKeyChecking)])),
    section,
  };
}

/** Drivers whose pools inherit the provider's number of servers (drivers.md 10, 12.1); kubernetes does not (9.1). */
const INHERIT_SERVERS = new Set(['aws', 'openshift', 'openshiftpods']);
const providerServers = (provider: Section) =>
  asNumber(provider['max-projects']) ?? asNumber(provider['max-servers']) ?? Infinity;

function poolLimits(section: Section, provider: Section): Resources {
  const limits: Record<string, number> = {};
  for (const [key, resource] of Object.entries(LIMITS)) {
    const limit = asNumber(section[key]) ?? asNumber(provider[key]);
    if (limit !== undefined) limits[resource] = limit;
  }
  return {
    ...limits,
    ...(asMap(provider['max-resources']) as Resources),
    ...(asMap(section['max-resources']) as Resources),
  };
}

function zones(section: Section): string[] {
  const one = asText(section['availability-zone']);
  return one === undefined ? asList(section['availability-zones']).map(String) : [one];
}

/**
 * The labels of a pool: its `labels`, or those of its `nodes`, where one text with blanks stands for several names
 * (drivers.md 7.1).
 */
export function labelSections(pool: Section): Section[] {
  const own = asList(pool['labels']).map((it) =>
    typeof it === 'string' ? { name: it } : ((asMap(it) ?? {}) as Section),
  );
  const ofNodes = asList(pool['nodes']).flatMap((node) => {
    const labels = asMap(node)?.['labels'];
    const names = typeof labels === 'string' ? labels.split(/\s+/).filter(Boolean) : asList(labels).map(String);
    return names.map((name) => ({ name }));
  });
  return [...own, ...ofNodes];
}

function resolveLabel(section: Section, poolHostKeyChecking: boolean): PoolLabelConfig {
  return {
    name: String(section['name']),
    diskImage: asText(section['diskimage']),
    cloudImage: asText(section['cloud-image']),
    hostKeyChecking: asFlag(section['host-key-checking']) ?? poolHostKeyChecking,
    consoleLog: asFlag(section['console-log']) ?? false,
    instanceProperties: asTextMap(section['instance-properties'] ?? section['tags'] ?? section['labels']),
    dynamicInstanceProperties: asTextMap(
      section['dynamic-instance-properties'] ?? section['dynamic-tags'] ?? section['dynamic-labels'],
    ),
    section,
  };
}
