import {
  LaunchFailedError,
  NoCapacityError,
  NotFoundError,
  RateLimitedError,
  RefusedError,
  TransientError,
} from '../drivers/errors';
import { HostKeyScanTimeoutError, HostUnresolvedError } from '../runtime/host-keys';
import { TimeLimitError } from './cloud-call';
import { NoImageError } from './launch-result';

/**
 * What kept a launch from succeeding, in the words of logs and metrics; each has a reaction of its own (docs/launcher.md):
 *
 *   quota, capacity          the node is given up, another one is made when there is room: not an attempt
 *   transient, rate-limited  the call is repeated: not an attempt. The attempt ended so if its time ran out meanwhile
 *   permanent                the cloud will never do it: the node fails at once
 *   instance                 it ended in error, or went away
 *   timeout, host-keys       `launch-timeout` was over, `boot-timeout` or a name without address
 *   no-image                 the label's image has no ready upload
 */
export type LaunchCause =
  | 'quota'
  | 'capacity'
  | 'transient'
  | 'rate-limited'
  | 'permanent'
  | 'instance'
  | 'timeout'
  | 'host-keys'
  | 'no-image'
  | 'unknown';

/** `unanswered`: what the cloud's last call ended with, where the time ran out before it was answered. */
export function launchCause(error: unknown, unanswered?: unknown): LaunchCause {
  if (error instanceof TimeLimitError && unanswered !== undefined) return launchCause(unanswered);
  if (error instanceof NoCapacityError) return /capacity/i.test(error.resource) ? 'capacity' : 'quota';
  if (error instanceof TransientError) return 'transient';
  if (error instanceof RateLimitedError) return 'rate-limited';
  if (error instanceof RefusedError) return 'permanent';
  if (error instanceof LaunchFailedError || error instanceof NotFoundError) return 'instance';
  if (error instanceof TimeLimitError) return error.limit === 'boot-timeout' ? 'host-keys' : 'timeout';
  if (error instanceof HostKeyScanTimeoutError || error instanceof HostUnresolvedError) return 'host-keys';
  return error instanceof NoImageError ? 'no-image' : 'unknown';
}
