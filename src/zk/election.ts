import { underAll } from '../runtime/link-signals';
import type { ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { acquireLock } from './lock';
import type { HeldLock } from './lock-api';

/**
 * Takes part in an election by the plain lock recipe, as Python launchers do for their statistics (zk-tree 11). Calls `lead`
 * each time we are elected, with the lock that we lead by and a signal that aborts when we lead no longer or `signal` aborts;
 * after a loss we stand again. Ends when `signal` aborts, or when `lead` is over of its own accord: then its error, if any,
 * is thrown.
 *
 * What `lead` does may still overlap with the next leader's beginnings; where that matters it needs the lock's guard.
 */
export async function elect(
  zk: ZooKeeper,
  dir: string,
  identifier: string,
  lead: (term: HeldLock, leading: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  tools: ZkTools,
): Promise<void> {
  while (!signal.aborted) {
    const lock = await acquireLock(zk, dir, { signal, identifier }, tools).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (lock === undefined) continue;
    try {
      if (await underAll([lock.signal, signal], (leading) => isOverEarly(lock, leading, lead, tools))) return;
    } finally {
      await lock.release();
    }
  }
}

/** Leads for one term; true if that was over before the term was. */
async function isOverEarly(
  term: HeldLock,
  leading: AbortSignal,
  lead: (term: HeldLock, leading: AbortSignal) => Promise<void>,
  { log }: ZkTools,
): Promise<boolean> {
  try {
    await lead(term, leading);
  } catch (error) {
    if (!leading.aborted) throw error;
    log.debug('leading ended', { err: error, dir: term.dir });
  }
  return !leading.aborted;
}
