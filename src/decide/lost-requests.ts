import type { NodeRequest } from '../model/records';
import type { PoolFact } from './choose-requests';
import type { KnownNode } from './node-index';

export interface LostQuestion {
  readonly record: NodeRequest;
  /** Nodes allocated to the request. */
  readonly nodes: readonly KnownNode[];
  /** Pools served here: `<provider>` and `<pool>` names. */
  readonly own: readonly { readonly provider: string; readonly pool: string; readonly labels: ReadonlySet<string> }[];
  /** All that are registered. */
  readonly pools: readonly PoolFact[];
  /** Seconds since the request was first seen without an owner. */
  readonly lostFor: number;
  /** Seconds for which the nodes' own provider is given the chance to continue. */
  readonly patience: number;
}

export type LostAction =
  /** Continue it where it was left: the pool takes request and nodes over. */
  | { readonly kind: 'adopt'; readonly provider: string; readonly pool: string }
  /** Back to `requested`, nodes freed. */
  | { readonly kind: 'reset' }
  /** Another launcher can continue it. */
  | { readonly kind: 'wait' };

/**
 * What to do with a `pending` request whose launcher is gone (launcher.md 18, 24). Where it has building or ready nodes of
 * a pool that is served here it is continued with them; where another registered launcher could do that it is left
 * alone for a while; otherwise it starts anew.
 */
export function planLostRequest(question: LostQuestion): LostAction {
  const { record, nodes, own, pools, lostFor, patience } = question;
  const home = nodes.find((it) => isWorthKeeping(it))?.record;
  if (home === undefined || home.provider === null || home.pool === null) return { kind: 'reset' };
  const { provider, pool } = home;
  const oneHome = nodes.every((it) => it.record.provider === provider && it.record.pool === pool);
  if (!oneHome) return { kind: 'reset' };
  const here = own.find((it) => it.provider === provider && it.pool === pool);
  if (here !== undefined) {
    return record.nodeTypes.every((it) => here.labels.has(it)) ? { kind: 'adopt', provider, pool } : { kind: 'reset' };
  }
  const elsewhere = pools.some((it) => it.provider === provider);
  return elsewhere && lostFor < patience ? { kind: 'wait' } : { kind: 'reset' };
}

/** A node that a successor can go on with. */
export function isWorthKeeping({ record }: KnownNode): boolean {
  return record.state === 'init' || record.state === 'building' || record.state === 'ready';
}

/** Which of the request's nodes stands for which of its slots: each label's nodes in order of their ids. */
export function assignSlots(nodeTypes: readonly string[], nodes: readonly KnownNode[]): ReadonlyMap<number, string> {
  const left = [...nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const slots = new Map<number, string>();
  nodeTypes.forEach((label, slot) => {
    const place = left.findIndex((it) => it.record.type.includes(label));
    if (place === -1) return;
    slots.set(slot, left.splice(place, 1)[0]!.id);
  });
  return slots;
}
