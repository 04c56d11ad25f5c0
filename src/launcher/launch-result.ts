import { LaunchFailedError, NoCapacityError } from '../drivers/errors';
import { HostKeyScanTimeoutError, HostUnresolvedError } from '../runtime/host-keys';
import { TimeLimitError } from './cloud-call';

/** Thrown when the label's image has no READY upload; an attempt like any other, since one may become ready. */
export class NoImageError extends Error {
  override readonly name = 'NoImageError';

  constructor() {
    super('image has no ready upload in this provider');
  }
}

/** How an attempt ended, by the names of metrics.md 6. */
export type LaunchResult =
  | 'ready'
  | 'error.zksession'
  | 'error.quota'
  | 'error.nodepool'
  | 'error.status'
  | 'error.capacity'
  | 'error.servercreatetimeout'
  | 'error.keyscan'
  | 'error.unknown';

/** The name for what ended an attempt. */
export function launchResult(error: unknown): LaunchResult {
  if (error instanceof NoCapacityError) return /capacity/i.test(error.resource) ? 'error.capacity' : 'error.quota';
  if (error instanceof NoImageError) return 'error.nodepool';
  if (error instanceof LaunchFailedError) return 'error.status';
  if (error instanceof TimeLimitError)
    return error.limit === 'boot-timeout' ? 'error.keyscan' : 'error.servercreatetimeout';
  if (error instanceof HostKeyScanTimeoutError || error instanceof HostUnresolvedError) return 'error.keyscan';
  return 'error.unknown';
}
