import type { NodeRequest } from './records';

/** The number that ZooKeeper puts at the end of a sequential znode. */
export const SEQUENCE_DIGITS = 10;
const SEQUENCE = /^\d{10}$/;
const REQUEST = /^(\d{3,})-(\d{10})$/;

/** Priorities of requests (zk-tree 7.1); lower is served earlier. */
export const REQUEST_PRIORITIES = { high: 100, normal: 200, low: 300, minReady: 900 } as const;

export interface RequestId {
  /** Three digits as text: compared as a string. */
  readonly priority: string;
  readonly sequence: string;
}

/** The parts of `PPP-nnnnnnnnnn`; undefined for any other shape, which Python launchers choke on. */
export function parseRequestId(id: string): RequestId | undefined {
  const found = REQUEST.exec(id);
  return found === null ? undefined : { priority: found[1]!, sequence: found[2]! };
}

/** `099-` for 99: what a request's name begins with. */
export function requestPrefix(priority: number): string {
  if (!Number.isInteger(priority) || priority < 0) throw new RangeError('a request priority is a whole number from 0');
  return `${String(priority).padStart(3, '0')}-`;
}

/** Ids of nodes and uploads are ten digits, always handled as text. */
export function isSequence(id: string): boolean {
  return SEQUENCE.test(id);
}

/** The number at the end of a sequential znode's name; undefined if it has none. */
export function sequenceOf(name: string): number | undefined {
  const digits = name.slice(-SEQUENCE_DIGITS);
  return isSequence(digits) ? Number(digits) : undefined;
}

/**
 * Ascending by priority, relative priority, sequence (zk-tree 7.1; the number of labels a pool lacks comes before these and
 * is the pool's own). Ids of another shape come last, by text, and disturb nobody.
 */
export function compareRequests(
  one: { readonly id: string; readonly record: Pick<NodeRequest, 'relativePriority'> },
  other: { readonly id: string; readonly record: Pick<NodeRequest, 'relativePriority'> },
): number {
  const [left, right] = [parseRequestId(one.id), parseRequestId(other.id)];
  if (left === undefined || right === undefined) {
    if (left === right) return compareText(one.id, other.id);
    return left === undefined ? 1 : -1;
  }
  return (
    compareText(left.priority, right.priority) ||
    one.record.relativePriority - other.record.relativePriority ||
    compareText(left.sequence, right.sequence)
  );
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** `jammy-<build id>` as the command line writes builds; split at the last hyphen (cli.md 4.11). */
export function parseBuildName(name: string): { readonly image: string; readonly build: string } | undefined {
  const hyphen = name.lastIndexOf('-');
  return hyphen <= 0 ? undefined : { image: name.slice(0, hyphen), build: name.slice(hyphen + 1) };
}
