import type { StandingMachine } from '../config/standing-machine';
import type { NodeRequest, Resources } from '../model/records';
import { NOTHING, shortage, total } from './quota';

/** What a pool has to offer, as far as it decides whether a request could ever be served. */
export interface Offer {
  /** 0 or less: the pool declines everything. */
  readonly maxServers: number;
  /** 0: the provider handles no requests. */
  readonly maxConcurrency: number;
  readonly labels: ReadonlySet<string>;
  /** Labels that the provider refused for good. */
  readonly broken: ReadonlySet<string>;
  imageReady(label: string): boolean;
  /** Undefined while the provider has not told. */
  need(label: string): Resources | undefined;
  readonly poolLimits: Resources;
  /** Provider limits less what others use; undefined where it does not count or is not known. */
  readonly available: Resources | undefined;
  /** False for drivers whose nodes are there already: nothing exceeds a quota. */
  readonly hasQuota: boolean;
  /** Of those drivers: what there is at most, fit and free or not. */
  readonly machines?: readonly Pick<StandingMachine, 'labels' | 'slots'>[];
}

export const EXCEEDS_QUOTA = 'it would exceed quota';

/**
 * Nodes of one set are made, and handed over, in one transaction each, which the server takes up to 1 MB of: with host keys
 * and attributes a record has about 2 kB. Zuul's own limit is 5 by default.
 */
export const MOST_NODES = 300;

/**
 * The first reason to decline, in the words of launcher.md 6; undefined when the pool could serve the labels some time.
 * `max-concurrency: 0` is one here, though not in Python, where such a pool keeps every hopeless request from failing.
 */
export function reasonToDecline(nodeTypes: readonly string[], offer: Offer): string | undefined {
  if (nodeTypes.length > MOST_NODES) return `more than ${MOST_NODES} nodes in one request`;
  if (offer.maxServers <= 0) return 'pool is disabled by max_servers';
  if (offer.maxConcurrency === 0) return 'provider is disabled by max-concurrency';
  const lacking = nodeTypes.filter((it) => !offer.labels.has(it) || offer.broken.has(it));
  if (lacking.length > 0) return `node type(s) [${[...new Set(lacking)].join(',')}] not available`;
  if (!nodeTypes.every((it) => offer.imageReady(it))) return 'images are not available';
  if (lacksMachines(nodeTypes, offer)) return 'there are fewer machines than nodes asked for';
  return exceeded(nodeTypes, offer) === undefined ? undefined : EXCEEDS_QUOTA;
}

/** Whether there are too few for one of the labels, or for all together; where machines have several labels there may be too few besides. */
function lacksMachines(nodeTypes: readonly string[], { machines }: Offer): boolean {
  if (machines === undefined) return false;
  const slotsWith = (isIt: (label: string) => boolean) =>
    machines.reduce((sum, it) => sum + (it.labels.some(isIt) ? it.slots : 0), 0);
  const wanted = new Set(nodeTypes);
  const countOf = (label: string) => nodeTypes.filter((it) => it === label).length;
  return (
    slotsWith((it) => wanted.has(it)) < nodeTypes.length ||
    [...wanted].some((label) => slotsWith((it) => it === label) < countOf(label))
  );
}

/** The resource of which the labels need more than the empty pool and provider have; undefined when they fit. */
export function exceeded(nodeTypes: readonly string[], offer: Offer): string | undefined {
  if (!offer.hasQuota) return undefined;
  const need = total(nodeTypes.map((it) => offer.need(it) ?? NOTHING));
  return shortage(offer.poolLimits, NOTHING, need) ?? shortage(offer.available ?? NOTHING, NOTHING, need);
}

/**
 * What to write when the pool `id` declines: back to `requested`, or `failed` once every registered pool has declined, those
 * that do not know the label included (launcher.md 10).
 */
export function declineChange(
  record: NodeRequest,
  id: string,
  registered: readonly string[],
): Pick<NodeRequest, 'state' | 'declinedBy' | 'nodes'> {
  const declinedBy = record.declinedBy.includes(id) ? record.declinedBy : [...record.declinedBy, id];
  // A pool that has left the registry may finish what it has: where there is nobody else, the next to come is to be asked.
  const all = registered.length > 0 && registered.every((it) => declinedBy.includes(it));
  return { state: all ? 'failed' : 'requested', declinedBy, nodes: [] };
}
