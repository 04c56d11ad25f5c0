import type { KnownNode, NodeIndex } from './node-index';

export interface AgeQuestion {
  readonly nodes: NodeIndex;
  readonly providers: ReadonlySet<string>;
  /** Seconds in `ready` by label; absent and 0 mean unlimited. */
  readonly maxReadyAge: ReadonlyMap<string, number>;
  /** Seconds in `hold`; Infinity for unlimited. */
  readonly maxHoldAge: number;
  /** Of a pool that is being emptied (`max-servers` below zero): its unused nodes are not kept. Undefined: there is none. */
  readonly isEmptied: ((node: KnownNode) => boolean) | undefined;
  readonly nowSeconds: number;
}

export interface AgePlan {
  readonly tooOld: readonly { readonly node: string; readonly state: 'ready' | 'hold' }[];
  /** UNIX seconds at which the next node reaches its limit; undefined when none will. */
  readonly nextAt: number | undefined;
}

/** Unused and held nodes that are past their age (launcher.md 18) or in a pool that is emptied, and when to look again. */
export function planAgedNodes(question: AgeQuestion): AgePlan {
  const tooOld: { node: string; state: 'ready' | 'hold' }[] = [];
  let nextAt: number | undefined;
  for (const { node, state, dueAt } of dated(question)) {
    if (dueAt <= question.nowSeconds) tooOld.push({ node: node.id, state });
    else nextAt = Math.min(nextAt ?? Infinity, dueAt);
  }
  return { tooOld, nextAt };
}

function* dated(
  question: AgeQuestion,
): Iterable<{ readonly node: KnownNode; readonly state: 'ready' | 'hold'; readonly dueAt: number }> {
  const { nodes, providers } = question;
  const ours = (it: KnownNode) => !it.locked && it.record.provider !== null && providers.has(it.record.provider);
  const { isEmptied, maxReadyAge } = question;
  if (maxReadyAge.size > 0 || isEmptied !== undefined) {
    for (const node of nodes.inState('ready').values()) {
      const dueAt = isEmptied?.(node) === true ? node.record.stateTime : readyUntil(node, maxReadyAge);
      if (dueAt < Infinity && node.record.allocatedTo === null && ours(node)) yield { node, state: 'ready', dueAt };
    }
  }
  for (const node of nodes.inState('hold').values()) {
    const dueAt = heldUntil(node, question.maxHoldAge);
    if (dueAt < Infinity && ours(node)) yield { node, state: 'hold', dueAt };
  }
}

/** UNIX seconds; the strictest of the node's labels counts. */
export function readyUntil({ record }: KnownNode, maxReadyAge: ReadonlyMap<string, number>): number {
  const ages = record.type.map((it) => maxReadyAge.get(it) ?? 0).filter((it) => it > 0);
  return record.stateTime + Math.min(Infinity, ...ages);
}

/** UNIX seconds; `hold_expiration` can shorten but never extend the configured limit. */
export function heldUntil({ record }: KnownNode, maxHoldAge: number): number {
  const own = (record.holdExpiration ?? 0) > 0 ? record.holdExpiration! : Infinity;
  return record.stateTime + Math.min(own, maxHoldAge);
}
