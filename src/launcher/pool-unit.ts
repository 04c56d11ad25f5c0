import type { PoolConfig } from '../config/types';
import type { PoolComponent } from '../model/records';
import type { Registration } from '../store/api';
import type { DecisionOrder } from './decision-order';
import { type Loop, startLoop } from './loop';
import type { NodeCreator } from './node-creator';
import type { PoolContext } from './pool-context';
import { type PoolPolicy, PoolWorker } from './pool-worker';
import type { ProviderRuntime } from './provider-runtime';
import type { LauncherTools } from './tools';
import type { World } from './world';

/** What every part of a launcher works in. */
export interface Surroundings {
  readonly tools: LauncherTools;
  readonly world: World;
  readonly creator: NodeCreator;
  readonly order: DecisionOrder;
  readonly policy: () => PoolPolicy;
  readonly installation: () => string | undefined;
  /** Aborts when the launcher has to go at once. */
  readonly now: AbortSignal;
  /** Whether this launcher deletes what nobody needs. */
  readonly deletions: boolean;
  /** Something about a provider became known that decisions rest on. */
  learned(): void;
  /** Work that nobody waits for until the launcher ends. */
  inBackground(work: Promise<void>): void;
}

/** A pool at work: worker, loop and registration under one id, which outlives changes of its configuration. */
export class PoolUnit {
  readonly worker: PoolWorker;
  readonly #loop: Loop;
  #context: PoolContext;
  #ending: Promise<void> | undefined;

  private constructor(
    id: string,
    runtime: ProviderRuntime,
    config: PoolConfig,
    around: Surroundings,
    private readonly registration: Registration<PoolComponent>,
  ) {
    this.#context = {
      id,
      runtime,
      config,
      world: around.world,
      tools: around.tools,
      creator: around.creator,
      order: around.order,
      tenantLimits: () => around.policy().tenantLimits,
      now: around.now,
      nudge: () => this.nudge(),
      noCapacity: () => this.worker.noCapacity(),
      adopt: (node, done) => this.worker.adoptNode(node, done),
    };
    this.worker = new PoolWorker(() => this.#context, around.policy, registration);
    this.#loop = startLoop(this.worker, around.tools);
  }

  static async start(runtime: ProviderRuntime, config: PoolConfig, around: Surroundings): Promise<PoolUnit> {
    const { tools } = around;
    const provider = runtime.config.name;
    const id = `${tools.fqdn}-PoolWorker.${provider}-${config.name}-${tools.random.hex(16)}`;
    const registration = await tools.store.components.register<PoolComponent>({
      kind: 'pool',
      hostname: tools.hostname,
      state: 'running',
      version: tools.version,
      modelApi: 0,
      id,
      name: config.name,
      providerName: provider,
      supportedLabels: [...config.labels.keys()],
      priority: config.priority,
      paused: false,
    });
    return new PoolUnit(id, runtime, config, around, registration);
  }

  get context(): PoolContext {
    return this.#context;
  }

  nudge(): void {
    this.#loop?.nudge();
  }

  apply(runtime: ProviderRuntime, config: PoolConfig): void {
    this.#context = { ...this.#context, runtime, config };
    this.nudge();
  }

  /** Takes nothing new, leaves the registry, so that others stop counting on it, finishes what it has in hand, and ends. */
  drain(): Promise<void> {
    this.#ending ??= this.#drain();
    return this.#ending;
  }

  /** Ends at once; what is in hand stops by the launcher's own signal. */
  async close(): Promise<void> {
    this.#ending ??= this.#loop.stop().then(() => this.registration.unregister());
    await (this.#context.now.aborted ? this.worker.idle() : this.#ending);
    await this.#loop.stop();
    await this.registration.unregister();
  }

  async #drain(): Promise<void> {
    await Promise.all([this.worker.drain(), this.registration.unregister()]);
    await this.#loop.stop();
    this.#context.tools.log.info('pool has ended', { pool: this.worker.name });
  }
}
