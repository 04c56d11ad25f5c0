import { planLeaks } from '../decide/leak-sightings';
import type { KnownNode } from '../decide/node-index';
import { instanceKey, planVanished } from '../decide/vanished-instances';
import type { Instance } from '../drivers/driver';
import { NotFoundError } from '../drivers/errors';
import { logTrouble } from '../drivers/log-trouble';
import type { Node } from '../model/records';
import type { Reconciler } from '../runtime/reconcile';
import { ClaimLostError } from '../store/api';
import { isOwn, NODE_ID_KEY } from './destroy-instance';
import { leakedInstanceKind, reportLeaks } from './metrics-events';
import type { ProviderRuntime } from './provider-runtime';
import { retireVanished } from './retire-vanished';
import type { LauncherTools } from './tools';
import type { World } from './world';

const FULL_PASS_MS = 60_000;

/**
 * Compares the cloud's instances with the nodes: those of ours that are no node's (launcher.md 19), and unused nodes whose
 * instance is gone; either is believed when it was seen in two runs. One per provider.
 */
export class LeakWorker implements Reconciler {
  readonly name: string;
  #seen: ReadonlySet<string> = new Set();
  /** Nodes that missed their instance in the last run. */
  #missing: ReadonlySet<string> = new Set();

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
    const { leaked, seen } = planLeaks(own.map(claimed), (node) => this.#recordOf(node), this.#seen);
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
          logTrouble(this.tools.log, 'warn', 'leaked instance could not be deleted', error, { provider: name, node });
        },
      );
    }
    this.#seen = seen;
    await this.#retireVanished(instances, signal);
    await this.#cleanRest(signal);
    return { againInMs: FULL_PASS_MS };
  }

  async #retireVanished(instances: readonly Instance[], signal: AbortSignal): Promise<void> {
    if (this.runtime.isStanding) return;
    const provider = this.runtime.config.name;
    const { gone, missing } = planVanished({
      provider,
      ready: this.world.nodes.inState('ready').values(),
      listed: new Set(instances.map((it) => instanceKey(it.externalId))),
      before: this.#missing,
    });
    this.#missing = missing;
    const retire = async (node: KnownNode) => {
      const fields = { provider, node: node.id, external_id: node.record.externalId };
      try {
        const isRetired = await retireVanished(node, this.runtime, this.tools, signal);
        if (isRetired) this.tools.log.warn('unused node has lost its instance, it is deleted', fields);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ClaimLostError) return; // somebody else looks after it
        logTrouble(this.tools.log, 'warn', 'unused node without instance could not be retired', error, fields);
      }
    };
    await Promise.all(gone.map(retire));
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

  #recordOf(node: string): Node | 'unreadable' | undefined {
    const fact = this.world.nodes.get(node);
    if (fact === undefined) return undefined;
    if (fact.record === undefined) return 'unreadable';
    return fact.record.provider === this.runtime.config.name ? fact.record : undefined;
  }
}

function claimed(instance: Instance) {
  return { instance, key: instanceKey(instance.externalId), node: instance.metadata[NODE_ID_KEY] };
}
