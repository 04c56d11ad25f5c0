import { logTrouble } from '../drivers/log-trouble';
import type { Config, LabelConfig } from '../config/types';
import type { Node, Resources } from '../model/records';
import type { DeletionScope } from './deletion-worker';
import type { ServedPool } from './lost-request-worker';
import type { MinReadyScope } from './min-ready-worker';
import { labelImageReady, roomFor } from './pool-offer';
import type { PoolUnit, Surroundings } from './pool-unit';
import type { ProviderRuntime } from './provider-runtime';
import { ProviderUnit } from './provider-unit';

type ProviderOutcome = 'started' | 'replaced' | 'kept' | 'ended';

/** Names of providers by what became of them. */
export interface ProvidersChanged {
  readonly started: readonly string[];
  readonly replaced: readonly string[];
  readonly ended: readonly string[];
}

/** Who is at work under the present configuration, and what the launcher-wide workers need to know of it. */
export class Roster {
  readonly #units = new Map<string, ProviderUnit>();
  #config: Config;
  #maxReadyAge: ReadonlyMap<string, number> = new Map();

  constructor(
    config: Config,
    private readonly around: Surroundings,
  ) {
    this.#config = config;
  }

  get config(): Config {
    return this.#config;
  }

  /**
   * Starts, replaces and ends providers and pools by the difference. A provider that cannot be connected is left out, as if
   * it were not configured; the others are not concerned.
   */
  async apply(config: Config): Promise<ProvidersChanged> {
    this.#config = config;
    const ages = [...config.labels.values()].filter((it) => it.maxReadyAge > 0);
    this.#maxReadyAge = new Map(ages.map((it) => [it.name, it.maxReadyAge]));
    this.around.learned(); // nodes count by the new file before any pool decides by it
    const ended = [...this.#units.keys()].filter((it) => !config.providers.has(it));
    for (const it of ended) this.#end(it, this.#units.get(it)!);
    const outcomes = await Promise.all(
      [...config.providers.keys()].map(async (name) => ({ name, became: await this.#applyProvider(name) })),
    );
    this.around.learned();
    const those = (became: ProviderOutcome) => outcomes.filter((it) => it.became === became).map((it) => it.name);
    return { started: those('started'), replaced: those('replaced'), ended: [...ended, ...those('ended')] };
  }

  nudge(): void {
    for (const unit of this.#units.values()) unit.nudge();
  }

  /** A request that is not there any more. */
  noticeGone(request: string): void {
    for (const { worker } of this.#pools()) worker.noticeGone(request);
  }

  /** What a node counts for (launcher.md 12): by the file alone, whether or not its provider is connected and its pool at work yet. */
  readonly weightOf = (node: Node): Resources | undefined => {
    const { provider, pool, type } = node;
    const label = type[0];
    if (provider === null || pool === null || label === undefined) return undefined;
    if (this.#config.providers.get(provider)?.pools.get(pool)?.labels.has(label) !== true) return undefined;
    return node.resources ?? this.#units.get(provider)?.runtime.need(pool, label) ?? {};
  };

  /** What the connected providers have told about their limits. */
  available(): ReadonlyMap<string, Resources | undefined> {
    return new Map([...this.#units].map(([name, { runtime }]) => [name, runtime.available]));
  }

  served(): readonly ServedPool[] {
    return this.#pools().map(({ worker, context }) => ({ worker, context }));
  }

  deletionScope(willContinue: DeletionScope['willContinue']): DeletionScope {
    const providers = new Map<string, ProviderRuntime>();
    for (const [name, { runtime }] of this.#units) providers.set(name, runtime);
    const ownPools = new Set(this.#pools().map((it) => it.context.id));
    const emptied = [...providers.values()].flatMap(({ config, isStanding }) =>
      [...config.pools.values()]
        .filter((it) => it.maxServers < 0 && !isStanding) // a machine would be registered anew at once
        .map((it) => `${config.name}\0${it.name}`),
    );
    const names = new Set(emptied);
    const isEmptied: DeletionScope['isEmptied'] =
      names.size === 0 ? undefined : ({ record }) => names.has(`${record.provider}\0${record.pool}`);
    const { maxHoldAge } = this.#config;
    return { providers, ownPools, maxReadyAge: this.#maxReadyAge, maxHoldAge, isEmptied, willContinue };
  }

  minReadyScope(): MinReadyScope {
    const contexts = this.#pools().map((it) => it.context);
    return {
      labels: [...this.#config.labels.values()],
      imageReady: (label: LabelConfig) =>
        contexts.some((it) => it.config.maxServers > 0 && labelImageReady(it, it.config.labels.get(label.name))),
      room: (label: string) => new Map(contexts.map((it) => [it.id, roomFor(it, label)])),
    };
  }

  async drain(): Promise<void> {
    await Promise.all([...this.#units.values()].map((it) => it.drain()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#units.values()].map((it) => it.close()));
  }

  #pools(): readonly PoolUnit[] {
    return [...this.#units.values()].flatMap((it) => [...it.pools.values()]);
  }

  #end(name: string, unit: ProviderUnit): void {
    this.#units.delete(name);
    this.around.inBackground(unit.drain());
  }

  async #applyProvider(name: string): Promise<ProviderOutcome> {
    const config = this.#config.providers.get(name)!;
    const unit = this.#units.get(name);
    try {
      if (unit !== undefined) return (await unit.apply(config)) ? 'replaced' : 'kept';
      const opened = ProviderUnit.open(config, this.around);
      this.#units.set(name, opened); // before its pools begin: what it learns about nodes counts for them
      await opened.begin();
      return 'started';
    } catch (error) {
      logTrouble(this.around.tools.log, 'error', 'provider cannot be started', error, { provider: name });
      const left = this.#units.get(name);
      if (left !== undefined) this.#end(name, left);
      return unit === undefined ? 'kept' : 'ended';
    }
  }
}
