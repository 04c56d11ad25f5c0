import type { Reconciler } from '../runtime/reconcile';
import type { LauncherTools } from './tools';
import type { World } from './world';

const FULL_PASS_MS = 60_000;
/** How long a lock directory must have been without a request; whoever is about to lock has long found that out. */
const ORPHAN_MS = 300_000;

/** Lock directories of requests do not go with their request (zk-tree 10.4): removes those that are left over. */
export class RequestLockWorker implements Reconciler {
  readonly name = 'request locks';
  readonly #orphanSince = new Map<string, number>();

  constructor(
    private readonly tools: LauncherTools,
    private readonly world: World,
  ) {}

  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    if (!this.world.fresh) return { againInMs: FULL_PASS_MS };
    const now = this.tools.clock.monotonic();
    const orphans = [...this.world.requestLocks].filter(
      ([id, { contended }]) => !contended && !this.world.requests.has(id),
    );
    const ids = new Set(orphans.map(([id]) => id));
    for (const id of this.#orphanSince.keys()) if (!ids.has(id)) this.#orphanSince.delete(id);
    for (const id of ids) {
      signal.throwIfAborted();
      const since = this.#orphanSince.get(id) ?? now;
      this.#orphanSince.set(id, since);
      if (now - since >= ORPHAN_MS) await this.tools.store.requests.removeLock(id);
    }
    return { againInMs: FULL_PASS_MS };
  }
}
