import type { NodeState } from '../model/records';
import type { KnownNode, NodeFact, NodeIndex } from './node-index';

export type DeletionAction =
  /** Take the lock, remove the instance, remove the record. */
  | { readonly kind: 'delete'; readonly node: string; readonly reason: NodeState }
  /** A ready node of a request that is gone: free it for others. */
  | { readonly kind: 'free'; readonly node: string; readonly request: string }
  /** A znode without data: only the lock recipe makes those (zk-tree 14). */
  | { readonly kind: 'erase'; readonly node: string };

export interface DeletionQuestion {
  readonly nodes: NodeIndex;
  /** Providers that this launcher serves. */
  readonly providers: ReadonlySet<string>;
  readonly requestExists: (request: string) => boolean;
  /** An unlocked `building` node that somebody will continue (launcher.md 24); left alone. */
  readonly willContinue: (node: KnownNode) => boolean;
  /** Empty znodes younger than this many seconds may be about to get their data. */
  readonly emptyAge: number;
  readonly nowSeconds: number;
}

/** What is garbage now (launcher.md 17, 18): everything that nobody holds and nobody can use any more. */
export function planDeletions(question: DeletionQuestion): DeletionAction[] {
  return [...garbage(question), ...stale(question), ...orphanedInits(question), ...empty(question)];
}

function* garbage({ nodes, providers, willContinue }: DeletionQuestion): Iterable<DeletionAction> {
  for (const node of nodes.garbage()) {
    if (node.locked || !servedBy(providers, node) || willContinue(node)) continue;
    yield { kind: 'delete', node: node.id, reason: node.record.state };
  }
}

/** Ready nodes whose request is gone. */
function* stale({ nodes, providers, requestExists }: DeletionQuestion): Iterable<DeletionAction> {
  for (const [request, held] of nodes.allocated) {
    if (requestExists(request)) continue;
    for (const node of held.values()) {
      if (node.locked || node.record.state !== 'ready' || !servedBy(providers, node)) continue;
      yield { kind: 'free', node: node.id, request };
    }
  }
}

/** `init` nodes that never got a lock and whose request is gone; Python leaves them for ever. */
function* orphanedInits(question: DeletionQuestion): Iterable<DeletionAction> {
  for (const node of question.nodes.inState('init').values()) {
    const { allocatedTo } = node.record;
    const orphan = allocatedTo === null || !question.requestExists(allocatedTo);
    if (!orphan || node.locked || !servedBy(question.providers, node)) continue;
    if (question.nowSeconds - node.createdAt < question.emptyAge) continue;
    yield { kind: 'delete', node: node.id, reason: 'init' };
  }
}

function* empty({ nodes, emptyAge, nowSeconds }: DeletionQuestion): Iterable<DeletionAction> {
  for (const node of nodes.unreadable.values()) {
    if (isEmptyAndOld(node, nowSeconds - emptyAge)) yield { kind: 'erase', node: node.id };
  }
}

function isEmptyAndOld(node: NodeFact, before: number): boolean {
  return node.broken === 'empty' && !node.locked && node.createdAt < before;
}

function servedBy(providers: ReadonlySet<string>, { record }: KnownNode): boolean {
  return record.provider !== null && providers.has(record.provider);
}
