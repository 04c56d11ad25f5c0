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
  /** Monotonic milliseconds before which it is not made anew. */
  readonly restUntil: number;
}

/** Outputs by what was asked for; more kinds of them push out the one that was not asked for longest. */
const MOST_OUTPUTS = 64;
/** After it was made an output rests for so many times as long as that took: the program has other things to do. */
const REST_FACTOR = 2;
const MOST_REST_MS = 1_000;

/** Keeps outputs until what they show has changed. Whoever asks too soon after that waits, and gets what is true then. */
export class RenderingCache {
  readonly #kept = new Map<string, Kept>();
  readonly #resting = new Map<string, Promise<void>>();
  /** The latest `Last-Modified` of an output that was pushed out. */
  #forgotten = 0;

  constructor(private readonly clock: Clock) {}

  async get(key: string, basis: () => Basis, make: (nowSeconds: number) => string | Buffer): Promise<Rendering> {
    for (;;) {
      const before = this.#kept.get(key);
      const { version, changesWithTime } = basis();
      const second = Math.floor(this.clock.wall() / 1000);
      if (before?.version === version && (!changesWithTime || before.second === second)) {
        this.#keep(key, before);
        return before.rendering;
      }
      const restMs = (before?.restUntil ?? 0) - this.clock.monotonic();
      if (before === undefined || restMs <= 0) return this.#make(key, version, before?.rendering, make);
      await this.#rest(key, restMs);
    }
  }

  #make(
    key: string,
    version: number,
    before: Rendering | undefined,
    make: (nowSeconds: number) => string | Buffer,
  ): Rendering {
    const [now, began] = [this.clock.wall(), this.clock.monotonic()];
    const rendering = this.#rendering(before, make(now / 1000), Math.floor(now / 1000));
    const done = this.clock.monotonic();
    const restUntil = done + Math.min(MOST_REST_MS, REST_FACTOR * (done - began));
    this.#keep(key, { version, second: Math.floor(now / 1000), rendering, restUntil });
    return rendering;
  }

  /**
   * Two bodies must not bear the same `Last-Modified`, or a client would be told that its old one is still right: a second
   * body within a second gets the next one, which nobody is shown before it has come.
   */
  #rendering(before: Rendering | undefined, text: string | Buffer, second: number): Rendering {
    const body = typeof text === 'string' ? Buffer.from(text) : text;
    if (before?.body.equals(body) === true) return before;
    const last = before?.modifiedSeconds ?? this.#forgotten;
    return new Rendering(body, last < second ? second : second + 1);
  }

  /** All who ask meanwhile wait for the same moment. */
  #rest(key: string, ms: number): Promise<void> {
    const resting = this.#resting.get(key) ?? this.clock.sleep(ms).finally(() => this.#resting.delete(key));
    this.#resting.set(key, resting);
    return resting;
  }

  /** Last again, so that the first is the one that was not asked for longest. */
  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const [oldest, { rendering }] of this.#kept) {
      if (this.#kept.size <= MOST_OUTPUTS) return;
      this.#forgotten = Math.max(this.#forgotten, rendering.modifiedSeconds);
      this.#kept.delete(oldest);
    }
  }
}
