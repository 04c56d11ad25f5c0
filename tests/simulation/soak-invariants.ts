import type { NodeSet } from '../../src/scheduler/scheduler';
import { LIMITS, type SoakWorld } from './soak-world';

/** What has to hold at every moment. Violations are gathered, so that one does not hide the next. */
export class Invariants {
  /** Instances that were seen without a node. */
  readonly leaked = new Set<string>();
  readonly #violations: string[] = [];
  readonly #excess = new Map<string, number>();
  readonly #inUse = new Map<string, string>();
  readonly #stop: () => void;

  constructor(private readonly world: SoakWorld) {
    this.#stop = world.peer.store.nodes.view().onChange(() => this.#lookAtCloud());
  }

  get violations(): readonly string[] {
    const excess = [...this.#excess].map(([it, most]) => `${most} instances in ${it}, allowed are ${LIMITS[it]}`);
    return [...this.#violations, ...excess];
  }

  close(): void {
    this.#stop();
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

  /**
   * Rarely an instance was seen whose node is gone. What we believe, and have not shown: a launcher frozen between looking at
   * its lock and sending the call makes it when it wakes up. The leak cleanup removes it, and the end of the soak waits for
   * that; the report lists the names.
   */
  #isLeaked(name: string): boolean {
    const { nodes } = this.world.peer.store.nodes.view();
    const id = name.slice(2, 12);
    const isPast = [...nodes.keys()].some((it) => it > id);
    const isLeaked = isPast && !nodes.has(id);
    if (isLeaked) this.leaked.add(name);
    return isLeaked;
  }

  /** Of each name at most one instance, and never more than the limits allow. */
  #lookAtCloud(): void {
    const { cloud } = this.world.fleet.cloud;
    for (const [provider, limit] of Object.entries(LIMITS)) {
      const { servers } = cloud.account(provider);
      const names = servers.list().map((it) => it.name);
      const doubles = names.filter((it, at) => names.indexOf(it) !== at);
      if (doubles.length > 0) this.violated(`two instances of one name in ${provider}: ${doubles.join()}`);
      const counted = names.filter((it) => !this.#isLeaked(it));
      if (counted.length <= limit) continue;
      const most = Math.max(counted.length, this.#excess.get(provider) ?? 0);
      this.#excess.set(provider, most);
      this.world.say(`${names.length} instances in ${provider}, allowed are ${limit}: ${names.sort().join()}`);
    }
  }

  violated(what: string): void {
    if (this.#violations.includes(what) || this.#violations.length >= 100) return;
    this.#violations.push(what);
    this.world.say(`VIOLATION ${what}`);
  }
}
