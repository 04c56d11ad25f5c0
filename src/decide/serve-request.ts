import type { NodeSetPlan } from './plan-nodes';

type Complete = Extract<NodeSetPlan, { kind: 'complete' }>;
type Short = Extract<NodeSetPlan, { kind: 'short' }>;

/** What a pool does about a request whose turn it is, and that nothing else keeps from being served. */
export type Serving =
  /** Its nodes are there, or may be launched. */
  | { readonly kind: 'take'; readonly plan: Complete }
  /** As soon as its lock is ours it waits for room. */
  | { readonly kind: 'take and wait'; readonly plan: Short }
  /** The machines are tried before the request is touched (drivers.md 7.3). */
  | { readonly kind: 'try machines'; readonly plan: Complete }
  | { readonly kind: 'leave until machines are free' }
  | { readonly kind: 'decline'; readonly reason: string; readonly resource?: string };

export interface ServingQuestion {
  /** The provider's nodes are machines that are there already: a request is never kept waiting for them. */
  readonly isStanding: boolean;
  /** The request takes nodes that are there already. */
  readonly reuse: boolean;
  /** Filed by ourselves, to have nodes ready: it never waits for room. */
  readonly isMinReady: boolean;
  /** Asked for once at most. */
  plan(): NodeSetPlan;
}

/** How to serve a request (launcher.md 7, 8). */
export function planServing({ isStanding, reuse, isMinReady, plan: ask }: ServingQuestion): Serving {
  if (isStanding && !reuse) return { kind: 'decline', reason: 'machines are never new' };
  const plan = ask();
  if (plan.kind === 'complete') return { kind: isStanding ? 'try machines' : 'take', plan };
  if (isStanding) return { kind: 'leave until machines are free' };
  if (isMinReady) return { kind: 'decline', reason: 'at capacity', resource: plan.resource };
  return { kind: 'take and wait', plan };
}
