/** How long each further pool in line leaves a request to those before it, unless they are seen at work. */
const STEP_MS = 250;
/** Longer is not worth while, however many pools there are. */
const LAST_STEP = 4;
/** Who made a node so recently is at work: under load, nodes come in batches. */
const AT_WORK_MS = 1_000;
/** How long it leaves a request to those that are at work, per place in line; after that it helps out. */
const PATIENCE_MS = 2_000;

/**
 * Which of several pools that could serve a request try before `me`, so that they do not all run for its lock: rendezvous
 * hashing, which every launcher computes alike without asking the others. The lock decides all the same.
 */
export function poolsBefore(request: string, me: string, candidates: readonly string[]): readonly string[] {
  const mine = weight(request, me);
  return candidates.filter((it) => {
    if (it === me) return false;
    const theirs = weight(request, it);
    return theirs > mine || (theirs === mine && it < me);
  });
}

/** How one of the pools in line before us gets on, as far as the tree shows it. */
export interface LineProgress {
  /** When it was last seen making a node, monotonic milliseconds. */
  readonly atMs: number;
  /** That node was for a request behind the one in question: it has passed that over. */
  readonly isPast: boolean;
}

export interface Turn {
  /** Milliseconds to leave the request alone. */
  readonly waitMs: number;
  /** Others are still at it: to be served only by who has little else to do. */
  readonly isHelp: boolean;
}

/**
 * When the turn comes to a pool that has others before it. They are given a moment each; as long as one of them is seen making
 * nodes for requests ahead of this one, it will come to it, and whoever ran for the lock would only lose, or make it lose.
 */
export function turnOf(before: readonly (LineProgress | undefined)[], seenMs: number, nowMs: number): Turn {
  const place = Math.min(before.length, LAST_STEP);
  const dueMs = seenMs + place * STEP_MS;
  let quietMs = dueMs;
  for (const it of before) if (it !== undefined && !it.isPast) quietMs = Math.max(quietMs, it.atMs + AT_WORK_MS);
  const endMs = Math.min(quietMs, Math.max(dueMs, seenMs + place * PATIENCE_MS));
  return { waitMs: Math.max(0, endMs - nowMs), isHelp: quietMs > nowMs && endMs <= nowMs };
}

/** 32 bits of FNV-1a with a final mix; only its spread matters. */
function weight(request: string, pool: string): number {
  let hash = 0x811c9dc5;
  const text = `${request}\0${pool}`;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
