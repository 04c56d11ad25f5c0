import type { NodeRequest, Resources } from '../model/records';
import { tenantShortage } from './tenant-limits';

/** A registered pool of any launcher, as its component says. */
export interface PoolFact {
  readonly id: string;
  readonly provider: string | null;
  readonly labels: ReadonlySet<string>;
  /** Lower is served first. */
  readonly priority: number;
  readonly paused: boolean;
}

/** What one pool knows when it looks at requests. */
export interface Situation {
  readonly me: Omit<PoolFact, 'paused'>;
  /** All that are registered, oneself included. */
  readonly pools: readonly PoolFact[];
  /** Ready nodes left per label, for drivers that cannot launch; undefined: not limited so (launcher.md 5 step 6). */
  readonly stock: ReadonlyMap<string, number> | undefined;
  readonly tenantLimits: ReadonlyMap<string, Resources>;
  tenantUsed(tenant: string): Resources;
  /** Σ needs of those labels that the pool knows; undefined while the provider has not told. */
  needOf(nodeTypes: readonly string[]): Resources | undefined;
  /** Why the pool can never serve these labels; undefined when it can (launcher.md 6). */
  reasonToDecline(nodeTypes: readonly string[]): string | undefined;
}

export type SkipReason =
  | 'not waiting'
  | 'declined before'
  | 'preferred provider serves it'
  | 'a pool of better priority serves it'
  | 'another pool has the labels'
  | 'no such node left'
  | 'tenant limit'
  | 'need of a label is not known yet';

export type Verdict =
  | { readonly kind: 'skip'; readonly why: SkipReason; readonly resource?: string }
  | { readonly kind: 'decline'; readonly reason: string }
  | { readonly kind: 'serve' };

const SERVE: Verdict = { kind: 'serve' };
const ALL_DECLINED = 'every registered pool has declined';

/**
 * Judges requests for one pool in one pass (launcher.md 5, steps 1 to 8). What depends only on labels, preference and
 * who declined is worked out once for all requests that are alike in these; tenants are asked each time, since their
 * use grows while requests are accepted.
 *
 * Step 4 differs from Python on purpose: a request that prefers our provider yields only to pools of our provider, because
 * the others leave it to us by step 3, and both would wait for ever.
 */
export class RequestJudge {
  readonly #standing = new Map<string, Verdict>();
  readonly #reasons = new Map<string, string | undefined>();

  constructor(private readonly situation: Situation) {}

  /** `alike` is the record's `likeness`, where the caller has it at hand. */
  judge(record: NodeRequest, alike = likeness(record)): Verdict {
    if (record.state !== 'requested') return { kind: 'skip', why: 'not waiting' };
    const standing = this.#remembered(record, alike);
    if (standing.kind !== 'serve') return standing;
    const { stock } = this.situation;
    if (stock !== undefined && record.nodeTypes.some((it) => stock.get(it) === 0)) {
      return { kind: 'skip', why: 'no such node left' };
    }
    const limited = this.#tenantVerdict(record);
    if (limited !== undefined) return limited;
    const reason = this.#reason(record.nodeTypes, alike);
    return reason === undefined ? SERVE : { kind: 'decline', reason };
  }

  #remembered(record: NodeRequest, alike: string): Verdict {
    const known = this.#standing.get(alike);
    if (known !== undefined) return known;
    const verdict = standingVerdict(record, this.situation);
    this.#standing.set(alike, verdict);
    return verdict;
  }

  #tenantVerdict(record: NodeRequest): Verdict | undefined {
    const { tenantLimits, tenantUsed, needOf } = this.situation;
    if (record.tenantName === null || !tenantLimits.has(record.tenantName)) return undefined;
    const need = needOf.call(this.situation, record.nodeTypes);
    if (need === undefined) return { kind: 'skip', why: 'need of a label is not known yet' };
    const used = tenantUsed.call(this.situation, record.tenantName);
    const resource = tenantShortage({ tenant: record.tenantName, limits: tenantLimits, used, need });
    return resource === undefined ? undefined : { kind: 'skip', why: 'tenant limit', resource };
  }

  #reason(nodeTypes: readonly string[], alike: string): string | undefined {
    if (!this.#reasons.has(alike)) this.#reasons.set(alike, this.situation.reasonToDecline(nodeTypes));
    return this.#reasons.get(alike);
  }
}

/** Equal for requests that are alike in preference, labels and who declined them: they share most of a verdict. */
export function likeness(record: NodeRequest | undefined): string {
  if (record === undefined) return '';
  return `${record.provider}\n${record.nodeTypes.join('\0')}\n${record.declinedBy.join('\0')}`;
}

function standingVerdict(record: NodeRequest, { me, pools }: Situation): Verdict {
  if (record.declinedBy.includes(me.id)) {
    // The last one that had not declined may have gone without doing so: then nobody else would say it.
    const isHopeless = pools.every((it) => record.declinedBy.includes(it.id));
    return isHopeless ? { kind: 'decline', reason: ALL_DECLINED } : { kind: 'skip', why: 'declined before' };
  }
  const candidates = candidatePools(record, pools);
  const { pinned, rivals } = rivalsOf(record, candidates);
  if (pinned && record.provider !== me.provider) return { kind: 'skip', why: 'preferred provider serves it' };
  if (rivals.some((it) => it.priority < me.priority && !it.paused)) {
    return { kind: 'skip', why: 'a pool of better priority serves it' };
  }
  const lacking = record.nodeTypes.some((it) => !me.labels.has(it));
  if (lacking && candidates.length > 0) return { kind: 'skip', why: 'another pool has the labels' };
  return SERVE;
}

/** Registered pools that offer all the labels and have not declined. */
export function candidatePools(record: NodeRequest, pools: readonly PoolFact[]): readonly PoolFact[] {
  return pools.filter(
    (it) => !record.declinedBy.includes(it.id) && record.nodeTypes.every((label) => it.labels.has(label)),
  );
}

/** Who might serve it: of the preferred provider where that has candidates, else any. */
function rivalsOf({ provider }: NodeRequest, candidates: readonly PoolFact[]) {
  const preferred = provider === null ? [] : candidates.filter((it) => it.provider === provider);
  const pinned = preferred.length > 0;
  return { pinned, rivals: pinned ? preferred : candidates };
}

/** Pools of equal priority that may try for the request at the same moment: the better ones are paused, the worse ones wait. */
export function equalRivals(record: NodeRequest, priority: number, pools: readonly PoolFact[]): readonly PoolFact[] {
  const { rivals } = rivalsOf(record, candidatePools(record, pools));
  return rivals.filter((it) => it.priority === priority && !it.paused);
}

/** Whether a pool of another provider, and not full, could serve the request, be it after we have declined it. */
export function isServableElsewhere(record: NodeRequest, provider: string, pools: readonly PoolFact[]): boolean {
  return candidatePools(record, pools).some((it) => it.provider !== provider && !it.paused);
}

/** Whether a pool of worse priority would serve the request, were it not for one of `priority` that is not paused. */
export function isWantedByWorse(record: NodeRequest, priority: number, pools: readonly PoolFact[]): boolean {
  const isWorse = (it: PoolFact) => it.priority > priority;
  return pools.some(isWorse) && rivalsOf(record, candidatePools(record, pools)).rivals.some(isWorse);
}
