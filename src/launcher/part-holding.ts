import { mayKeepPartialSet } from '../decide/partial-sets';
import type { PoolContext } from './pool-context';
import type { RequestHandler } from './request-handler';

/** How long part of a set may be held while it waits for the rest. */
const HOLD_MS = 30_000;
/** The same where another request with part of its set is first in line. */
const HOLD_BEHIND_MS = 1000;

/**
 * Part of a set that waits keeps others from finishing theirs: after a while the request starts anew without. So does one that
 * turned out to be above its tenant's limit before it had anything.
 */
export class PartHolding {
  readonly #sinceMs = new Map<string, number>();

  /** Returns after how many milliseconds to look again; Infinity if there is no need. */
  limit(waiting: readonly RequestHandler[], { world, runtime, tools }: PoolContext): number {
    const now = tools.clock.monotonic();
    const parts = waiting.filter((it) => it.isWaiting && (it.held > 0 || !it.pausesPool));
    for (const id of this.#sinceMs.keys()) if (!parts.some((it) => it.id === id)) this.#sinceMs.delete(id);
    let againInMs = Infinity;
    for (const handler of parts) {
      const mayKeep =
        handler.held > 0 &&
        mayKeepPartialSet({
          rank: handler.rank,
          provider: runtime.config.name,
          allocated: world.nodes.allocated,
          requestOf: (it) => world.requests.get(it),
        });
      const since = this.#sinceMs.get(handler.id) ?? now;
      this.#sinceMs.set(handler.id, since);
      const left = since + (mayKeep ? HOLD_MS : HOLD_BEHIND_MS) - now;
      if (left > 0) againInMs = Math.min(againInMs, left);
      else handler.giveBack();
    }
    return againInMs;
  }
}
