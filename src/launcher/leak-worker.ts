import { planLeaks } from '../decide/leak-sightings';
import type { Instance } from '../drivers/driver';
import { NotFoundError } from '../drivers/errors';
import type { Reconciler } from '../runtime/reconcile';
import { isOwn, NODE_ID_KEY } from './destroy-instance';
import { leakedInstanceKind, reportLeaks } from './metrics-events';
import type { ProviderRuntime } from './provider-runtime';
import type { LauncherTools } from './tools';
import type { World } from './world';

const FULL_PASS_MS = 60_000;

/** Instances of ours whose node is gone (launcher.md 19), seen in two runs before they are deleted. One per provider. */
export class LeakWorker implements Reconciler {
  readonly name: string;
  #seen: ReadonlySet<string> = new Set();

  constructor(
    private readonly tools: LauncherTools,
    private readonly world: World,
    private readonly runtime: ProviderRuntime,
  ) {
    this.name = `leaks ${runtime.config.name}`;
  }

  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    if (!this.world.fresh) return { againInMs: FULL_PASS_MS };
    const { name } = this.runtime.config;
    const instances = await this.runtime.provider.list(signal);
    const own = instances.filter((it) => it.state !== 'deleting' && isOwn(it, this.runtime.owner));
    const { leaked, seen } = planLeaks(own.map(claimed), (node) => this.#isNodeHere(node), this.#seen);
    for (const { instance, node } of leaked) {
      this.tools.log.warn('leaked instance is deleted', {
        provider: name,
        node,
        external_id: instance.externalId,
      });
      await this.runtime.provider.destroy(instance.externalId, signal).then(
        () => this.#report(leakedInstanceKind(this.runtime.config.driver), 1),
        (error: unknown) => {
          if (error instanceof NotFoundError) return;
          signal.throwIfAborted();
          this.tools.log.warn('leaked instance could not be deleted', { provider: name, node, err: error });
        },
      );
    }
    this.#seen = seen;
    await this.#cleanRest(signal);
    return { againInMs: FULL_PASS_MS };
  }

  /** What carries no metadata is the driver's to find. */
  async #cleanRest(signal: AbortSignal): Promise<void> {
    const gone = (await this.runtime.provider.cleanLeaks?.(signal)) ?? {};
    for (const [kind, count] of Object.entries(gone)) {
      if (count === 0) continue;
      this.tools.log.info('leaked resources are deleted', { provider: this.runtime.config.name, kind, count });
      this.#report(kind, count);
    }
  }

  #report(kind: string, count: number): void {
    if (this.tools.metrics !== undefined) reportLeaks(this.tools.metrics.all, this.runtime.config.name, kind, count);
  }

  #isNodeHere(node: string): boolean {
    const fact = this.world.nodes.get(node);
    // A record that cannot be read may well be the owner.
    return fact !== undefined && (fact.record === undefined || fact.record.provider === this.runtime.config.name);
  }
}

function claimed(instance: Instance) {
  return { instance, key: JSON.stringify(instance.externalId), node: instance.metadata[NODE_ID_KEY] };
}
