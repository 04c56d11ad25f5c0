import { activities } from '../runtime/activities';
import { Backoff } from '../runtime/backoff';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';

interface Rest {
  readonly backoff: Backoff;
  untilMs: number;
}

/**
 * Work on many things at once, one piece per key: what is under way is not begun again, and what failed rests for a while
 * that grows with each failure.
 */
export class InFlight {
  readonly #running = new Map<string, Promise<void>>();
  readonly #resting = new Map<string, Rest>();

  constructor(
    private readonly tools: { readonly clock: Clock; readonly random: Random },
    private readonly options: {
      /** In the list of what goes on. */
      readonly name: string;
      readonly atOnce: number;
      readonly firstMs: number;
      readonly maxMs: number;
    },
    private readonly onEnd: () => void,
  ) {}

  get size(): number {
    return this.#running.size;
  }

  /** Milliseconds until the next one that rests may be tried again; Infinity for none. */
  nextInMs(): number {
    const now = this.tools.clock.monotonic();
    let next = Infinity;
    for (const [key, { untilMs }] of this.#resting) {
      if (!this.#running.has(key)) next = Math.min(next, Math.max(0, untilMs - now));
    }
    return next;
  }

  /** Starts `work` unless the key is busy, rests, or too much is under way. `work` says whether it is done for good. */
  start(key: string, work: () => Promise<boolean>, onError: (error: unknown) => void): void {
    if (this.#running.has(key) || this.#running.size >= this.options.atOnce) return;
    const rest = this.#resting.get(key);
    if (rest !== undefined && rest.untilMs > this.tools.clock.monotonic()) return;
    const running = activities
      .track(this.options.name, { key }, work)
      .then(
        (done) => {
          if (done) this.#resting.delete(key);
          else this.#rest(key);
        },
        (error: unknown) => {
          this.#rest(key);
          onError(error);
        },
      )
      .finally(() => {
        this.#running.delete(key);
        this.onEnd();
      });
    this.#running.set(key, running);
  }

  /** Forgets what rested for keys that are not there any more. */
  keepOnly(exists: (key: string) => boolean): void {
    for (const key of this.#resting.keys()) if (!exists(key)) this.#resting.delete(key);
  }

  /** Resolves when everything under way has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #rest(key: string): void {
    const { firstMs, maxMs } = this.options;
    const rest = this.#resting.get(key) ?? { backoff: new Backoff({ firstMs, maxMs }, this.tools.random), untilMs: 0 };
    rest.untilMs = this.tools.clock.monotonic() + rest.backoff.next();
    this.#resting.set(key, rest);
  }
}
