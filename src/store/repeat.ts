import { setMaxListeners } from 'node:events';
import { isOutcomeUnknown, isZkError } from '../zk/errors';
import { repeat } from '../zk/retry';
import type { StoreParts } from './parts';

export interface RepeatOptions {
  /** Ends the repeating with its reason. */
  readonly signal?: AbortSignal;
  /** The request means something only in the session that it began in: it fails with SESSION_EXPIRED once that is lost. */
  readonly sessionBound?: boolean;
}

const NEVER = new AbortController().signal;

/**
 * Repeats a request until its outcome is known (zookeeper-client 7.4). `attempt` is told whether an earlier try may have
 * been carried out, and then looks for its traces before it judges an error. A session that ends leaves that open, too.
 */
export function untilKnown<T>(
  parts: StoreParts,
  attempt: (unsure: boolean) => Promise<T>,
  { signal = NEVER, sessionBound = false }: RepeatOptions = {},
): Promise<T> {
  setMaxListeners(0, signal); // a program's whole work may hang on one signal
  let unsure = false;
  const watched = async () => {
    try {
      return await attempt(unsure);
    } catch (error) {
      unsure ||= isOutcomeUnknown(error) || isZkError(error, 'SESSION_EXPIRED');
      throw error;
    }
  };
  return repeat(parts.zk, watched, { tools: parts, signal }, sessionBound ? 'one-session' : 'any-session');
}
