import type { Json } from '../model/json';
import type { KnownNode } from './node-index';

export interface VanishedQuestion {
  readonly provider: string;
  /** In state `ready`. */
  readonly ready: Iterable<KnownNode>;
  /** `instanceKey` of all that the cloud lists. */
  readonly listed: ReadonlySet<string>;
  /** Nodes that were missing their instance in the run before. */
  readonly before: ReadonlySet<string>;
}

export interface VanishedPlan {
  /** Missing now and in the run before. */
  readonly gone: readonly KnownNode[];
  /** What to hand in as `before` next time. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Unused nodes whose instance the cloud does not show any more: somebody deleted it there, or its host has died. Python
 * hands such nodes out. Lists lag behind, so a node has to be without its instance in two runs.
 */
export function planVanished({ provider, ready, listed, before }: VanishedQuestion): VanishedPlan {
  const missing: KnownNode[] = [];
  for (const node of ready) {
    const { externalId, allocatedTo } = node.record;
    if (node.record.provider !== provider || node.locked || allocatedTo !== null || externalId === null) continue;
    if (!listed.has(instanceKey(externalId))) missing.push(node);
  }
  return { gone: missing.filter((it) => before.has(it.id)), missing: new Set(missing.map((it) => it.id)) };
}

/** By which a record's external id is compared with a cloud's. */
export function instanceKey(externalId: Json): string {
  return JSON.stringify(externalId);
}
