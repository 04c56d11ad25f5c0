import { Backoff } from '../runtime/backoff';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';
import { linkSignals } from '../runtime/link-signals';
import type { Provider } from './driver';
import { RateLimitedError, TransientError } from './errors';
import { type CallName, wrapProvider } from './wrap-provider';

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Tries in total. */
  readonly attempts?: number;
  readonly firstMs?: number;
  readonly maxMs?: number;
}

/** An upload is made of calls, and each try of it is an image: only whoever keeps the record may begin another. */
const NOT_REPEATED: ReadonlySet<CallName> = new Set(['uploadImage']);

/**
 * Repeats calls that got no proper answer, or were asked to slow down, before anybody hears of it. All calls of the
 * contract may be repeated: a launch is known by its name. The last error is thrown when all tries are used up.
 */
export function withTransientRetries(provider: Provider, options: RetryOptions): Provider {
  const { clock, random, attempts = 5, firstMs = 200, maxMs = 5_000 } = options;
  const closed = new AbortController();
  return wrapProvider(
    provider,
    async (call, work, signal) => {
      const backoff = new Backoff({ firstMs, maxMs }, random);
      for (;;) {
        try {
          return await work();
        } catch (error) {
          const last = NOT_REPEATED.has(call) || backoff.attempts + 1 >= attempts;
          if (last || closed.signal.aborted || !isPassing(error)) throw error;
          await pause(pauseMs(error, backoff), error);
        }
      }
      async function pause(ms: number, error: unknown): Promise<void> {
        const linked = linkSignals(signal, closed.signal);
        try {
          await clock.sleep(ms, linked.signal);
        } catch {
          throw signal.aborted ? signal.reason : error;
        } finally {
          linked.release();
        }
      }
    },
    () => closed.abort(),
  );
}

function isPassing(error: unknown): boolean {
  return error instanceof TransientError || error instanceof RateLimitedError;
}

function pauseMs(error: unknown, backoff: Backoff): number {
  const ms = backoff.next();
  return error instanceof RateLimitedError ? Math.max(ms, error.retryAfterMs) : ms;
}
