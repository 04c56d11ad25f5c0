import { NODE_STATES, type Node, type NodeRequest, type PoolComponent, type Resources } from '../model/records';
import type { Point } from '../runtime/metrics/definition';
import type { Metrics } from '../runtime/metrics/metrics';
import { CONFIGURATION_METRICS, FLEET_METRICS } from './metrics-definitions';

/** The tree at one moment. */
export interface FleetSnapshot {
  readonly nodes: Iterable<{ readonly record: Node | undefined }>;
  readonly requests: readonly { readonly record: NodeRequest | undefined; readonly locked: boolean }[];
  readonly pools: readonly PoolComponent[];
}

/** The gauges of the fleet (metrics.md 4). Zeros for all that a registered pool advertises. */
export function reportFleet(metrics: Metrics, fleet: FleetSnapshot): void {
  const { nodes, byProvider, byLabel } = countNodes(fleet);
  metrics.replace(FLEET_METRICS.nodes, statePoints(nodes, {}));
  metrics.replace(FLEET_METRICS.providerNodes, namedPoints(byProvider, 'provider'));
  metrics.replace(FLEET_METRICS.labelNodes, namedPoints(byLabel, 'label'));
  metrics.replace(FLEET_METRICS.addressableRequests, addressable(fleet));
}

type StateCounts = Map<string, number>;

function countNodes({ nodes, pools }: FleetSnapshot) {
  const all: StateCounts = new Map();
  const byProvider = new Map<string, StateCounts>();
  const byLabel = new Map<string, StateCounts>();
  for (const { providerName, supportedLabels } of pools) {
    if (providerName !== null) countsOf(byProvider, providerName);
    for (const it of supportedLabels) countsOf(byLabel, it);
  }
  for (const { record } of nodes) {
    if (record === undefined) continue;
    const { state, provider, type } = record;
    increase(all, state);
    if (provider !== null) increase(countsOf(byProvider, provider), state);
    for (const label of new Set(type)) increase(countsOf(byLabel, label), state);
  }
  return { nodes: all, byProvider, byLabel };
}

function countsOf(counts: Map<string, StateCounts>, name: string): StateCounts {
  let found = counts.get(name);
  if (found === undefined) counts.set(name, (found = new Map()));
  return found;
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function namedPoints<L extends string>(counts: ReadonlyMap<string, StateCounts>, label: L): Point<L | 'state'>[] {
  return [...counts].flatMap(([name, states]) => statePoints(states, { [label]: name } as Record<L, string>));
}

function statePoints<L extends string>(counts: StateCounts, labels: Record<L, string>): Point<L | 'state'>[] {
  return NODE_STATES.map((state) => ({
    labels: { ...labels, state } as Record<L | 'state', string>,
    value: counts.get(state) ?? 0,
  }));
}

/** A pool that several launchers offer is one pool; those of old launchers carry no name and are left out. */
function addressable({ requests, pools }: FleetSnapshot): Point<'provider' | 'pool'>[] {
  const offers = new Map<string, { provider: string; pool: string; labels: ReadonlySet<string>[] }>();
  for (const { providerName: provider, name: pool, supportedLabels } of pools) {
    if (provider === null || pool === null) continue;
    const key = `${provider}\0${pool}`;
    const offer = offers.get(key) ?? { provider, pool, labels: [] };
    offer.labels.push(new Set(supportedLabels));
    offers.set(key, offer);
  }
  const wanted = countAlike(requests.map((it) => it.record));
  return [...offers.values()].map(({ provider, pool, labels }) => {
    const served = wanted.filter(({ types }) => labels.some((all) => types.every((it) => all.has(it))));
    return { labels: { provider, pool }, value: served.reduce((sum, it) => sum + it.count, 0) };
  });
}

/** Requests that want the same are asked about once: there are many requests and few kinds. */
function countAlike(records: readonly (NodeRequest | undefined)[]) {
  const kinds = new Map<string, { readonly types: readonly string[]; count: number }>();
  for (const record of records) {
    if (record === undefined) continue;
    const types = [...new Set(record.nodeTypes)].sort();
    const key = types.join('\0');
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { types, count: 1 });
    else kind.count += 1;
  }
  return [...kinds.values()];
}

/**
 * Why a request has no nodes yet: `in progress` (a pool is at it), `abandoned` (its launcher is gone), `unserved` (no pool
 * that has not declined offers all its labels), `full` (all that do wait for room), `queued` (next, or a limit holds it).
 */
export type WaitReason = 'in progress' | 'abandoned' | 'unserved' | 'full' | 'queued';

/** How many requests wait, and for what. A request counts once for each of its labels. */
export function reportQueue(metrics: Metrics, { requests, pools }: Omit<FleetSnapshot, 'nodes'>): void {
  const offers = pools.map((it) => ({ ...it, labels: new Set(it.supportedLabels) }));
  const known = new Set(pools.flatMap((it) => it.supportedLabels));
  const points = new Map<string, { labels: { label: string; reason: WaitReason }; value: number }>();
  for (const { record, locked, count } of countWaiting(requests)) {
    const reason = waitReason(record, locked, offers);
    for (const label of new Set(record.nodeTypes.map((it) => (known.has(it) ? it : 'other')))) {
      const key = `${label}\0${reason}`;
      const point = points.get(key) ?? { labels: { label, reason }, value: 0 };
      point.value += count;
      points.set(key, point);
    }
  }
  metrics.replace(FLEET_METRICS.waiting, [...points.values()]);
}

interface WaitingKind {
  readonly record: NodeRequest;
  readonly locked: boolean;
  count: number;
}

/** Of requests that wait alike only one is looked at, as with `countAlike`. */
function countWaiting(requests: FleetSnapshot['requests']): Iterable<WaitingKind> {
  const kinds = new Map<string, WaitingKind>();
  for (const { record, locked } of requests) {
    if (record?.state !== 'requested' && record?.state !== 'pending') continue;
    const key = [record.state, String(locked), record.declinedBy.join('\0'), ...record.nodeTypes].join('\0\0');
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { record, locked, count: 1 });
    else kind.count += 1;
  }
  return kinds.values();
}

function waitReason(
  { state, nodeTypes, declinedBy }: NodeRequest,
  locked: boolean,
  offers: readonly { readonly id: string | null; readonly paused: boolean; readonly labels: ReadonlySet<string> }[],
): WaitReason {
  if (state === 'pending') return locked ? 'in progress' : 'abandoned';
  const able = offers.filter(
    ({ id, labels }) => id !== null && !declinedBy.includes(id) && nodeTypes.every((it) => labels.has(it)),
  );
  if (able.length === 0) return 'unserved';
  return able.every((it) => it.paused) ? 'full' : 'queued';
}

export interface ConfiguredLimits {
  readonly providers: ReadonlyMap<string, { readonly pools: ReadonlyMap<string, { readonly maxServers: number }> }>;
  readonly tenantLimits: ReadonlyMap<string, Resources>;
}

/** Told even where they have no limit. */
const ALWAYS_TOLD = ['cores', 'instances', 'ram'];

/** The gauges of the configuration (metrics.md 5); what is unlimited is infinite. */
export function reportConfiguration(metrics: Metrics, { providers, tenantLimits }: ConfiguredLimits): void {
  const maxServers = [...providers].map(([provider, { pools }]) => ({
    labels: { provider },
    value: [...pools.values()].reduce((sum, it) => sum + Math.max(0, it.maxServers), 0),
  }));
  metrics.replace(CONFIGURATION_METRICS.maxServers, maxServers);
  const limits = [...tenantLimits].flatMap(([tenant, resources]) =>
    [...new Set([...ALWAYS_TOLD, ...Object.keys(resources)])].map((limit) => ({
      labels: { tenant, limit },
      value: resources[limit] ?? Infinity,
    })),
  );
  metrics.replace(CONFIGURATION_METRICS.tenantLimits, limits);
}

export interface QuotaFact {
  readonly provider: string;
  readonly used: Resources;
  /** Undefined until the provider has told. */
  readonly available: Resources | undefined;
}

/** How much of the quota of each provider is used; what has a limit is told even where nothing is used. */
export function reportQuota(metrics: Metrics, facts: readonly QuotaFact[]): void {
  const points = (of: (fact: QuotaFact) => Resources) =>
    facts.flatMap((fact) =>
      Object.entries(of(fact)).map(([resource, value]) => ({ labels: { provider: fact.provider, resource }, value })),
    );
  const zeros = (available: Resources = {}) => Object.fromEntries(Object.keys(available).map((key) => [key, 0]));
  metrics.replace(
    CONFIGURATION_METRICS.quotaUsed,
    points((it) => ({ ...zeros(it.available), ...it.used })),
  );
  metrics.replace(
    CONFIGURATION_METRICS.quotaLimit,
    points((it) => it.available ?? {}),
  );
}
