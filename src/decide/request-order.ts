import type { NodeRequest } from '../model/records';

/** What orders a request: prefix and sequence as strings, `relative_priority` as a number (launcher.md 4). */
export interface RequestRank {
  readonly prefix: string;
  readonly relativePriority: number;
  readonly sequence: string;
}

const REQUEST_ID = /^([^-]+)-([^-]+)$/;

/** An id of another shape than `PPP-sequence` goes behind all others instead of stopping the sort. */
export function requestRank(id: string, record: NodeRequest | undefined): RequestRank {
  const parts = REQUEST_ID.exec(id);
  const relativePriority = Number.isFinite(record?.relativePriority) ? record!.relativePriority : 0;
  return parts === null
    ? { prefix: '\uffff', relativePriority, sequence: id }
    : { prefix: parts[1]!, relativePriority, sequence: parts[2]! };
}

/** Ascending: who is served first comes first. */
export function compareRanks(left: RequestRank, right: RequestRank): number {
  if (left.prefix !== right.prefix) return left.prefix < right.prefix ? -1 : 1;
  if (left.relativePriority !== right.relativePriority) return left.relativePriority - right.relativePriority;
  if (left.sequence === right.sequence) return 0;
  return left.sequence < right.sequence ? -1 : 1;
}

/**
 * The requests for one pool: those with the fewest labels that the pool lacks first, otherwise in the order given, which
 * must be that of `compareRanks`.
 */
export function orderForPool<R extends { readonly record: NodeRequest | undefined; readonly likeness: string }>(
  ranked: readonly R[],
  labels: ReadonlySet<string>,
): readonly R[] {
  const byLack: R[][] = [];
  const lacks = new Map<string, number>();
  for (const { likeness, record } of ranked) {
    if (!lacks.has(likeness)) lacks.set(likeness, lackingLabels(record?.nodeTypes ?? [], labels));
  }
  for (const request of ranked) (byLack[lacks.get(request.likeness)!] ??= []).push(request);
  return byLack.length === 1 ? byLack[0]! : byLack.flat();
}

function lackingLabels(wanted: readonly string[], labels: ReadonlySet<string>): number {
  return new Set(wanted.filter((it) => !labels.has(it))).size;
}
