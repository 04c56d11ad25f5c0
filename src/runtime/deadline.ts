import type { Clock } from './clock';

/** The time allowed for something is over. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** Forgets the timer; the signal will not abort. Idempotent. */
  cancel(): void;
}

/**
 * A signal that aborts after `ms`. Not `AbortSignal.timeout`: Node 20 collects one that is reachable only through
 * `AbortSignal.any`, and then it never aborts.
 */
export function deadline(ms: number, what: string, clock: Clock): Deadline {
  const controller = new AbortController();
  const timer = clock.after(ms, () => controller.abort(new DeadlineError(`${what} took longer than ${ms / 1000} s`)));
  return { signal: controller.signal, cancel: () => timer.cancel() };
}
