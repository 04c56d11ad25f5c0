import type { Clock } from './clock';

/**
 * Runs `work` with a signal that aborts with the caller's, or with `late()` after `ms`. Leaves neither timer nor listener:
 * `AbortSignal.any` would, in Node 20, keep a trace on a signal that lives as long as the program.
 */
export async function withTimeLimit<T>(
  limit: { readonly ms: number; readonly clock: Clock; readonly late: () => Error },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const either = new AbortController();
  const onAbort = () => either.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = limit.clock.after(limit.ms, () => either.abort(limit.late()));
  try {
    return await work(either.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
