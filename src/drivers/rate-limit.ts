import type { Clock, Timer } from '../runtime/clock';
import type { Provider } from './driver';
import { TransientError } from './errors';
import { wrapProvider } from './wrap-provider';

interface Waiter {
  readonly start: () => void;
  readonly fail: (reason: unknown) => void;
}

/** Grants turns in the order of asking, at least `distanceMs` apart. Whoever gives up while queued costs nobody time. */
export class RateLimiter {
  #queue: Waiter[] = [];
  #lastStart = -Infinity;
  #timer: Timer | undefined;

  constructor(
    private readonly distanceMs: number,
    private readonly clock: Clock,
  ) {}

  /** Resolves when it is the caller's turn; rejects with the signal's reason. */
  turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const leave = () => signal.removeEventListener('abort', onAbort);
      const waiter: Waiter = {
        start: () => (leave(), resolve()),
        fail: (reason) => (leave(), reject(reason as Error)),
      };
      const onAbort = () => {
        this.#queue = this.#queue.filter((it) => it !== waiter);
        if (this.#queue.length === 0) this.#stopTimer();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(waiter);
      this.#grant();
    });
  }

  /** Turns away everybody who waits. */
  close(reason: unknown): void {
    this.#stopTimer();
    for (const it of this.#queue.splice(0)) it.fail(reason);
  }

  #grant(): void {
    while (this.#queue.length > 0 && this.#timer === undefined) {
      const waitMs = this.#lastStart + this.distanceMs - this.clock.monotonic();
      if (waitMs > 0) {
        this.#timer = this.clock.after(waitMs, () => {
          this.#timer = undefined;
          this.#grant();
        });
        return;
      }
      this.#lastStart = this.clock.monotonic();
      this.#queue.shift()!.start();
    }
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** Calls begin at least `distanceMs` apart and may overlap; 0 disables the limit (drivers.md 4). */
export function withRateLimit(provider: Provider, distanceMs: number, clock: Clock): Provider {
  if (distanceMs <= 0) return provider;
  const limiter = new RateLimiter(distanceMs, clock);
  const closed = () => limiter.close(new TransientError(provider.name, { cause: new Error('provider is closed') }));
  return wrapProvider(
    provider,
    async (_call, work, signal) => {
      await limiter.turn(signal);
      return work();
    },
    closed,
  );
}
