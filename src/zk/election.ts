import type { ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { acquireLock } from './lock';

/**
 * Takes part in an election by the plain lock recipe, as Python launchers do for their statistics (zk-tree 11). Calls `lead`
 * each time we are elected, with a signal that aborts when we lead no longer or `signal` aborts; after a loss we stand
 * again. Ends when `signal` aborts, or when `lead` is over of its own accord: then its error, if any, is thrown.
 *
 * What `lead` does may still overlap with the next leader's beginnings; where that matters it needs a lock's guard.
 */
export async function elect(
  zk: ZooKeeper,
  dir: string,
  identifier: string,
  lead: (leading: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  tools: ZkTools,
): Promise<void> {
  while (!signal.aborted) {
    const lock = await acquireLock(zk, dir, { signal, identifier }, tools).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (lock === undefined) continue;
    const leading = AbortSignal.any([lock.signal, signal]);
    try {
      await lead(leading);
      if (!leading.aborted) return;
    } catch (error) {
      if (!leading.aborted) throw error;
      tools.log.debug('leading ended', { err: error, dir });
    } finally {
      await lock.release();
    }
  }
}
