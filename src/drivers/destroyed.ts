import type { Clock } from '../runtime/clock';
import type { ExternalId, Provider, ProviderImages } from './driver';
import { NotFoundError } from './errors';

const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 2_000;

/**
 * Destroys an instance and waits until it is gone: asks again, at growing intervals, until the provider says "not found".
 * Other errors are the caller's; bound the wait with the signal.
 */
export function destroyed(
  provider: Pick<Provider, 'destroy'>,
  externalId: ExternalId,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  return untilNotFound(() => provider.destroy(externalId, signal), clock, signal);
}

/** The same for an image. */
export function imageRemoved(
  images: Pick<ProviderImages, 'remove'>,
  externalId: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  return untilNotFound(() => images.remove(externalId, signal), clock, signal);
}

async function untilNotFound(ask: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2)) {
    try {
      await ask();
    } catch (error) {
      if (error instanceof NotFoundError) return;
      throw error;
    }
    await clock.sleep(pauseMs, signal);
  }
}
