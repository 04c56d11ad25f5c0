import type { NodeSet } from '../../src/scheduler/scheduler';
import { LIMITS, type SoakWorld } from './soak-world';

/** What has to hold at every moment. Violations are gathered, so that one does not hide the next. */
export class Invariants {
  readonly #violations: string[] = [];
  readonly #excess = new Map<string, number>();
  readonly #inUse = new Map<string, string>();
  /** Nodes that were ever there. */
  readonly #known = new Set<string>();
  readonly #orphans = new Set<string>();
  readonly #stops: readonly (() => void)[];

  constructor(private readonly world: SoakWorld) {
    const look = () => this.#lookAtCloud();
    const { calls } = world.fleet.cloud.cloud;
    this.#stops = [world.peer.store.nodes.view().onChange(look), calls.follow((it) => it.made !== '' && look())];
  }

  get violations(): readonly string[] {
    const excess = [...this.#excess].map(([it, most]) => `${most} instances in ${it}, allowed are ${LIMITS[it]}`);
    return [...this.#violations, ...excess];
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** A fulfilled request's nodes are ready, allocated to it alone, of its labels, and in one place. */
  async handedOver(request: string, labels: readonly string[], nodes: readonly string[]): Promise<void> {
    const records = await Promise.all(nodes.map((it) => this.world.peer.store.nodes.get(it)));
    const found = records.map((it) => it?.record);
    const [first] = found;
    const isWhole =
      nodes.length === labels.length &&
      new Set(nodes).size === nodes.length &&
      found.every((it, slot) => it?.state === 'ready' && it.allocatedTo === request && it.type[0] === labels[slot]) &&
      found.every((it) => it?.provider === first?.provider && it?.pool === first?.pool && it?.az === first?.az);
    const facts = found.map(
      (it, at) => `${nodes[at]} ${it?.state} for ${it?.allocatedTo} ${it?.type.join()} ${it?.az}`,
    );
    if (!isWhole) this.world.say(this.world.evidence.about(first?.provider ?? ''));
    if (!isWhole) this.violated(`request ${request} for ${labels.join()} was given ${facts.join('; ')}`);
  }

  /** While somebody works on nodes nobody else does. */
  async during<T>(set: NodeSet, work: () => Promise<T>): Promise<T> {
    for (const { id } of set.nodes) {
      const other = this.#inUse.get(id);
      if (other !== undefined) this.violated(`node ${id} of request ${set.request} is in use for ${other}`);
      this.#inUse.set(id, set.request);
    }
    try {
      return await work();
    } finally {
      for (const { id } of set.nodes) this.#inUse.delete(id);
    }
  }

  /** An instance whose node was there and is gone counts for nobody. */
  #requireNode(name: string, provider: string): void {
    const id = name.slice(2, 12);
    if (!this.#known.has(id) || this.world.peer.store.nodes.view().nodes.has(id) || this.#orphans.has(name)) return;
    this.#orphans.add(name);
    this.violated(`instance ${name} of ${provider} has no node`);
    this.world.say(this.world.evidence.about(provider));
  }

  /** Each instance has a node, of each name there is at most one, and there are never more than the limits allow. */
  #lookAtCloud(): void {
    const { cloud } = this.world.fleet.cloud;
    for (const id of this.world.peer.store.nodes.view().nodes.keys()) this.#known.add(id);
    for (const [provider, limit] of Object.entries(LIMITS)) {
      const { servers } = cloud.account(provider);
      const names = servers.list().map((it) => it.name);
      const doubles = names.filter((it, at) => names.indexOf(it) !== at);
      if (doubles.length > 0) this.violated(`two instances of one name in ${provider}: ${doubles.join()}`);
      for (const it of names) this.#requireNode(it, provider);
      if (names.length <= limit) continue;
      const most = this.#excess.get(provider) ?? 0;
      if (names.length <= most) continue;
      this.#excess.set(provider, names.length);
      this.world.say(`${names.length} instances in ${provider}, allowed are ${limit}`);
      this.world.say(this.world.evidence.about(provider));
    }
  }

  violated(what: string): void {
    if (this.#violations.includes(what) || this.#violations.length >= 100) return;
    this.#violations.push(what);
    this.world.say(`VIOLATION ${what}`);
  }
}
