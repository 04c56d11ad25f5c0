import { sameProvider } from '../config/difference';
import type { PoolConfig, ProviderConfig } from '../config/types';
import { LeakWorker } from './leak-worker';
import { type Loop, startLoop } from './loop';
import { PoolUnit, type Surroundings } from './pool-unit';
import { ProviderRuntime, type RuntimeEvents } from './provider-runtime';
import { type MachineStock, StandingUnit } from './standing-unit';

/** A provider at work: its connection, the loops that belong to it, its pools. */
export class ProviderUnit {
  readonly pools = new Map<string, PoolUnit>();
  #runtime: ProviderRuntime;
  #loops: readonly Loop[];
  #standing: StandingUnit | undefined;

  private constructor(
    private readonly around: Surroundings,
    runtime: ProviderRuntime,
  ) {
    this.#runtime = runtime;
    this.#loops = this.#startLoops();
    this.#followMachines();
  }

  /** Without its pools yet. Throws when the driver cannot be connected as configured. */
  static open(config: ProviderConfig, around: Surroundings): ProviderUnit {
    let unit: ProviderUnit | undefined = undefined;
    const runtime = openRuntime(config, around, () => unit);
    unit = new ProviderUnit(around, runtime);
    return unit;
  }

  /** Registers its pools, which are at work from then on. */
  begin(): Promise<void> {
    return this.#applyPools(this.#runtime.config);
  }

  get runtime(): ProviderRuntime {
    return this.#runtime;
  }

  /**
   * Follows a changed section: only what differs is replaced. Says whether anything was. Throws, unchanged, when the driver
   * cannot be connected.
   */
  async apply(config: ProviderConfig): Promise<boolean> {
    if (sameProvider(this.#runtime.config, config)) return false;
    const before = this.#runtime;
    const loops = this.#loops;
    this.#runtime = openRuntime(config, this.around, () => this, before);
    this.#loops = this.#startLoops();
    await this.#applyPools(config);
    this.#followMachines();
    await Promise.all(loops.map((it) => it.stop()));
    await before.retire();
    return true;
  }

  /** Its machines, where it has some. */
  get stock(): MachineStock | undefined {
    return this.#standing?.stock;
  }

  nudge(): void {
    for (const pool of this.pools.values()) pool.nudge();
  }

  /** Finishes what the pools have in hand; the connection closes with the last launch or deletion that uses it. */
  async drain(): Promise<void> {
    await Promise.all([this.#standing?.stop(), ...[...this.pools.values()].map((it) => it.drain())]);
    await Promise.all(this.#loops.map((it) => it.stop()));
    await this.#runtime.retire();
  }

  /** Stops and closes at once. */
  async close(): Promise<void> {
    await Promise.all([this.#standing?.stop(), ...[...this.pools.values()].map((it) => it.close())]);
    await Promise.all(this.#loops.map((it) => it.stop()));
    await this.#runtime.close();
  }

  async #applyPools(config: ProviderConfig): Promise<void> {
    for (const [name, pool] of this.pools) {
      if (config.pools.has(name)) continue;
      this.pools.delete(name);
      this.around.inBackground(pool.drain());
    }
    for (const pool of config.pools.values()) await this.#applyPool(pool);
  }

  async #applyPool(pool: PoolConfig): Promise<void> {
    const known = this.pools.get(pool.name);
    if (known !== undefined) known.apply(this.#runtime, pool);
    else this.pools.set(pool.name, await PoolUnit.start(this.#runtime, pool, this.around));
  }

  /** The machines' worker outlives changes of the configuration: what it has under way must not be begun twice. */
  #followMachines(): void {
    const { tools, world, inBackground } = this.around;
    const { provider, config } = this.#runtime;
    if (provider.standing === undefined) {
      if (this.#standing !== undefined) inBackground(this.#standing.stop());
      this.#standing = undefined;
    } else this.#standing ??= new StandingUnit(config.name, () => this.#runtime.provider, tools, world);
    this.#standing?.nudge();
  }

  #startLoops(): readonly Loop[] {
    const { tools, world, deletions } = this.around;
    const runtime = this.#runtime;
    const leaks = deletions ? [startLoop(new LeakWorker(tools, world, runtime), tools)] : [];
    return [startLoop(runtime, tools), ...leaks];
  }

  askAgain(): void {
    this.#loops[0]?.nudge();
  }
}

function openRuntime(
  config: ProviderConfig,
  around: Surroundings,
  unit: () => ProviderUnit | undefined,
  before?: ProviderRuntime,
) {
  const events: RuntimeEvents = {
    installation: around.installation,
    nodeExists: (node) => around.world.nodes.has(node),
    learned: () => around.learned(),
    doubted: () => unit()?.askAgain(),
    slotFree: () => unit()?.nudge(),
    stock: () => unit()?.stock,
  };
  return new ProviderRuntime(config, around.tools, events, before);
}
