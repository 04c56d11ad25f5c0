import type { Clock } from '../runtime/clock';

export interface Rate {
  readonly perSecond: number;
  /** How many may come at once after a rest. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  /** Monotonic milliseconds. */
  filledAt: number;
}

/** More peers than these are not told apart: the oldest are forgotten, which lets them begin anew. */
const MOST_PEERS = 4096;

/** Requests per second of each peer: a bucket of tokens that fills with time. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly rate: Rate,
    private readonly clock: Clock,
  ) {}

  /** Whether one more is in order. */
  take(peer: string): boolean {
    const bucket = this.#bucketOf(peer);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Whether one more would be in order, without taking it. */
  has(peer: string): boolean {
    return this.#bucketOf(peer).tokens >= 1;
  }

  #bucketOf(peer: string): Bucket {
    const now = this.clock.monotonic();
    const { perSecond, burst } = this.rate;
    const before = this.#buckets.get(peer);
    this.#buckets.delete(peer); // and last again, so that the first is the one that was idle longest
    const tokens = before === undefined ? burst : before.tokens + ((now - before.filledAt) / 1000) * perSecond;
    const bucket = { tokens: Math.min(burst, tokens), filledAt: now };
    this.#buckets.set(peer, bucket);
    if (this.#buckets.size > MOST_PEERS) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket;
  }
}
