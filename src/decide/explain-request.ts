import type { NodeRequest, NodeState } from '../model/records';
import type { WaitNote, WaitReason } from './wait-notes';

/** What a pool says of a request. Field names and words are an interface. */
export interface PoolExplanation {
  /** Id of the pool's component, as in `declined_by`. */
  readonly pool: string;
  readonly provider: string;
  readonly name: string;
  /** `serving`: its nodes are being made or taken here; `left`: it is another pool's. */
  readonly status: 'declined' | 'waiting' | 'left' | 'serving' | 'done' | 'unknown';
  readonly reason: WaitReason | 'launching' | 'final' | 'taken-by-another' | 'not-looked-at-yet';
  /** The resource that lacks, the request that is waited for, the words of a decline, nodes and their states. */
  readonly detail: string | null;
  /** UNIX seconds. */
  readonly since: number | null;
  /** UNIX seconds at which its nodes may be there; null: cannot be told. */
  readonly expected: number | null;
}

/** A node that is allocated to the request. */
export interface RequestNode {
  readonly id: string;
  readonly label: string;
  readonly state: NodeState;
  /** When its launch began, UNIX seconds; undefined: it waits for its turn. */
  readonly begunAt: number | undefined;
}

/** What one pool knows of one request. */
export interface ExplainFacts {
  readonly pool: Pick<PoolExplanation, 'pool' | 'provider' | 'name'>;
  readonly request: NodeRequest;
  /** When the record was last written; UNIX seconds. */
  readonly changedAt: number;
  readonly locked: boolean;
  /** This pool has it in hand. */
  readonly inHand: boolean;
  /** What the pool's last pass has decided; the only source of what it waits for. */
  readonly note: WaitNote | undefined;
  readonly nodes: readonly RequestNode[];
  /** Seconds that a launch of the label takes lately. */
  launchSeconds(label: string): number | undefined;
  /** When the next place is expected to be free; undefined: nobody knows. */
  readonly roomAt: number | undefined;
  readonly nowSeconds: number;
}

const LEFT: ReadonlySet<WaitReason> = new Set([
  'preferred-provider-serves-it',
  'pool-of-better-priority-serves-it',
  'another-pool-has-the-labels',
]);

/** Puts into one line per pool what its planner has decided of a request. Decides nothing itself. */
export function explainRequest(facts: ExplainFacts): PoolExplanation {
  const { pool, request, note, inHand } = facts;
  const say = (
    status: PoolExplanation['status'],
    reason: PoolExplanation['reason'],
    rest: Partial<Pick<PoolExplanation, 'detail' | 'since' | 'expected'>> = {},
  ): PoolExplanation => ({ ...pool, status, reason, detail: null, since: null, expected: null, ...rest });
  if (request.declinedBy.includes(pool.pool)) {
    const words = note?.reason === 'declined' ? (note.detail ?? null) : null;
    return say('declined', 'declined', { detail: words, since: note?.since ?? facts.changedAt });
  }
  if (request.state === 'fulfilled' || request.state === 'failed') {
    return say('done', 'final', { detail: request.state, since: request.stateTime });
  }
  if (inHand && facts.nodes.length > 0 && (note === undefined || isServed(facts)))
    return say('serving', 'launching', launching(facts));
  if (note === undefined) {
    if (inHand) return say('serving', 'launching', { since: request.stateTime });
    if (facts.locked) return say('left', 'taken-by-another', { since: request.stateTime });
    return say('unknown', 'not-looked-at-yet');
  }
  if (!inHand && facts.locked) return say('left', 'taken-by-another', { since: request.stateTime });
  const { reason, detail = null, since } = note;
  if (LEFT.has(reason)) return say('left', reason, { detail, since });
  return say(reason === 'declined' ? 'declined' : 'waiting', reason, { detail, since, expected: whenRoom(facts) });
}

/** It has a node for every label. */
function isServed({ request, nodes }: ExplainFacts): boolean {
  return nodes.length >= request.nodeTypes.length;
}

function launching(facts: ExplainFacts): Pick<PoolExplanation, 'detail' | 'since' | 'expected'> {
  const { nodes, request, nowSeconds } = facts;
  const open = nodes.filter((it) => it.state !== 'ready');
  let expected: number | null = nowSeconds;
  for (const { label, begunAt = nowSeconds } of open) {
    const seconds = facts.launchSeconds(label);
    expected = seconds === undefined || expected === null ? null : Math.max(expected, begunAt + seconds);
  }
  return { detail: nodes.map((it) => `${it.id} ${it.state}`).join(', '), since: request.stateTime, expected };
}

/** Only where this request is the next to get the room that comes. */
function whenRoom({ request, note, roomAt, nowSeconds, launchSeconds }: ExplainFacts): number | null {
  if (note?.reason !== 'no-room' || roomAt === undefined) return null;
  let launch = 0;
  for (const label of request.nodeTypes) {
    const seconds = launchSeconds(label);
    if (seconds === undefined) return null;
    launch = Math.max(launch, seconds);
  }
  return Math.max(roomAt, nowSeconds) + launch;
}
