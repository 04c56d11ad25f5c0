import { Backoff } from '../runtime/backoff';
import { isOutcomeUnknown, isZkError } from '../zk/errors';
import type { StoreParts } from './parts';

export interface RepeatOptions {
  readonly signal?: AbortSignal;
  /** The request means something only in the session that it began in: an expired session ends the repeating. */
  readonly sessionBound?: boolean;
}

/**
 * Repeats a request until its outcome is known (zookeeper-client 7.4). `attempt` is told whether an earlier try may have
 * been carried out, and then looks for its traces before it judges an error. Ends with the first error that is an answer,
 * with the signal's reason, or when the client is closed.
 */
export async function untilKnown<T>(
  { zk, clock, random }: StoreParts,
  attempt: (unsure: boolean) => Promise<T>,
  { signal, sessionBound = false }: RepeatOptions = {},
): Promise<T> {
  const backoff = new Backoff({ firstMs: 50, maxMs: 2_000 }, random);
  let unsure = false;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt(unsure);
    } catch (error) {
      const isUnknown = isOutcomeUnknown(error) || (!sessionBound && isZkError(error, 'SESSION_EXPIRED'));
      if (!isUnknown && !isZkError(error, 'THROTTLED_OP')) throw error;
      unsure ||= isUnknown;
      if (backoff.attempts > 0 || !isUnknown) await clock.sleep(backoff.next(), signal);
      else backoff.next(); // a lost link is the usual cause, and then waiting for the next one is pause enough
      await zk.connected(signal);
    }
  }
}
