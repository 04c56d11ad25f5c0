/** Why something did not succeed, in words that group: in logs, metrics and the failure file. */
export type FailureCause =
  | 'tool' // the image tool failed, or left no usable file
  | 'timeout'
  | 'disk' // no room
  | 'session-lost' // ZooKeeper gave our locks away
  | 'cancelled' // by shutdown or by an operator
  | 'provider' // the cloud said no, or did not answer
  | 'hook' // the post-upload hook failed
  | 'validation' // a check of the image, or of a node made from it, did not pass
  | 'internal';

/** What is known about something that failed: visible as it is, so that an operator sees when the next try is and why. */
export interface Retry {
  readonly failures: number;
  readonly cause: FailureCause;
  readonly message: string;
  /** Monotonic milliseconds. */
  readonly failedAtMs: number;
  readonly nextTryMs: number;
  /** The request that was there at the last try: a newer one is tried at once. */
  readonly requestedAt: number | undefined;
}

export interface RetryPolicy {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Python tries again after every pass of 10 s; we begin there and double. */
export const BUILD_RETRY: RetryPolicy = { firstMs: 10_000, maxMs: 30 * 60_000 };
export const UPLOAD_RETRY: RetryPolicy = { firstMs: 10_000, maxMs: 10 * 60_000 };
export const CLEANUP_RETRY: RetryPolicy = { firstMs: 10_000, maxMs: 5 * 60_000 };

/** The next state after a failure. `jitter` in [0, 1) spreads the delay between half and whole. */
export function afterFailure(
  before: Retry | undefined,
  failure: { readonly cause: FailureCause; readonly message: string; readonly requestedAt?: number | undefined },
  policy: RetryPolicy,
  nowMs: number,
  jitter: number,
): Retry {
  const failures = (before?.failures ?? 0) + 1;
  const wholeMs = Math.min(policy.maxMs, policy.firstMs * 2 ** (failures - 1));
  return {
    failures,
    cause: failure.cause,
    message: failure.message,
    failedAtMs: nowMs,
    nextTryMs: nowMs + wholeMs / 2 + (wholeMs / 2) * jitter,
    requestedAt: failure.requestedAt,
  };
}

/** Milliseconds until the next try; 0 = now. A request made since the failure does not wait. */
export function retryWaitMs(retry: Retry | undefined, nowMs: number, requestedAt?: number): number {
  if (retry === undefined) return 0;
  if (requestedAt !== undefined && requestedAt !== retry.requestedAt) return 0;
  return Math.max(0, retry.nextTryMs - nowMs);
}
