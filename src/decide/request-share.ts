/**
 * Who of several pools that could serve a request tries first, so that they do not all run for its lock: rendezvous
 * hashing, which every launcher computes alike without asking the others. The lock decides all the same.
 */
export function shareRank(request: string, me: string, candidates: readonly string[]): number {
  const mine = weight(request, me);
  let rank = 0;
  for (const it of candidates) {
    if (it === me) continue;
    const theirs = weight(request, it);
    if (theirs > mine || (theirs === mine && it < me)) rank += 1;
  }
  return rank;
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
