import { RateLimitedError, TransientError } from '../drivers/errors';
import { Backoff } from '../runtime/backoff';
import { withTimeLimit } from '../runtime/time-limit';
import type { LauncherTools } from './tools';

/**
 * Repeats a call to a cloud while the cloud says nothing about it (no answer, too many calls); every call of the driver
 * contract may be repeated. Ends with an answer, another error, or the signal. `onRepeat` hears of each answer that was none.
 */
export async function untilAnswered<T>(
  call: (signal: AbortSignal) => Promise<T>,
  tools: Pick<LauncherTools, 'clock' | 'random'>,
  signal: AbortSignal,
  onRepeat?: (error: RateLimitedError | TransientError) => void,
): Promise<T> {
  const backoff = new Backoff({ firstMs: 500, maxMs: 15_000 }, tools.random);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await call(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RateLimitedError || error instanceof TransientError)) throw error;
      onRepeat?.(error);
      if (error instanceof RateLimitedError) await tools.clock.sleep(Math.max(error.retryAfterMs, 100), signal);
      else await tools.clock.sleep(backoff.next(), signal);
    }
  }
}

/** What `within` ends with when the time is over. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';

  constructor(readonly limit: 'launch-timeout' | 'boot-timeout' | 'deletion' | 'console log') {
    super('time limit passed');
  }
}

/** Runs `work` under a signal that also aborts after `ms`; rejects with `TimeLimitError` then. */
export async function within<T>(
  ms: number,
  limit: TimeLimitError['limit'],
  tools: Pick<LauncherTools, 'clock'>,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let over: TimeLimitError | undefined;
  const late = () => (over = new TimeLimitError(limit));
  try {
    return await withTimeLimit({ ms, clock: tools.clock, late }, signal, work);
  } catch (error) {
    if (over !== undefined && !signal.aborted) throw over as TimeLimitError; // whatever the interrupted call made of it
    throw error;
  }
}
