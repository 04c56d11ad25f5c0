import type { Clock } from '../runtime/clock';
import { Rendering } from './rendering';

/** What an output was made of: the same version, and the same second if time shows in it, give the same output. */
export interface Basis {
  /** Counts the changes of what is shown. */
  readonly version: number;
  readonly changesWithTime: boolean;
}

interface Kept {
  readonly version: number;
  /** UNIX seconds. */
  readonly second: number;
  readonly rendering: Rendering;
}

/** Outputs by what was asked for; more kinds of them push out the one that was not asked for longest. */
const MOST_OUTPUTS = 64;

/** Keeps outputs until what they show has changed. */
export class RenderingCache {
  readonly #kept = new Map<string, Kept>();
  /** The latest `Last-Modified` of an output that was pushed out. */
  #forgotten = 0;

  constructor(private readonly clock: Clock) {}

  get(key: string, basis: Basis, make: (nowSeconds: number) => string | Buffer): Rendering {
    const now = this.clock.wall();
    const second = Math.floor(now / 1000);
    const before = this.#kept.get(key);
    const isSame =
      before !== undefined && before.version === basis.version && (!basis.changesWithTime || before.second === second);
    const rendering = isSame ? before.rendering : this.#make(before?.rendering, make(now / 1000), now);
    this.#kept.delete(key); // and last again
    this.#kept.set(key, { version: basis.version, second: isSame ? before.second : second, rendering });
    this.#forget();
    return rendering;
  }

  /**
   * Two bodies must not bear the same `Last-Modified`, or a client would be told that its old one is still right: a second
   * body within a second gets the next one, which nobody is shown before it has come.
   */
  #make(before: Rendering | undefined, text: string | Buffer, now: number): Rendering {
    const body = typeof text === 'string' ? Buffer.from(text) : text;
    if (before?.body.equals(body) === true) return before;
    const second = Math.floor(now / 1000);
    const last = before?.modifiedSeconds ?? this.#forgotten;
    return new Rendering(body, last < second ? second : second + 1);
  }

  #forget(): void {
    while (this.#kept.size > MOST_OUTPUTS) {
      const [[key, { rendering }]] = this.#kept.entries() as unknown as [[string, Kept]];
      this.#forgotten = Math.max(this.#forgotten, rendering.modifiedSeconds);
      this.#kept.delete(key);
    }
  }
}
