import type { Node, NodeState, Resources } from '../model/records';
import { Tally } from './quota';

/** A node as a view shows it. */
export interface NodeFact {
  readonly id: string;
  readonly record: Node | undefined;
  /** Why there is no record; 'empty' for a znode without data. */
  readonly broken: string | undefined;
  readonly locked: boolean;
  /** UNIX seconds by the server's clock. */
  readonly createdAt: number;
}

/** A node whose record can be read. */
export interface KnownNode extends NodeFact {
  readonly record: Node;
}

/**
 * What a node uses of its pool's and provider's limits; undefined when it does not count, because its pool or first label
 * is not configured (launcher.md 12).
 */
export type NodeWeight = (node: Node) => Resources | undefined;

const GARBAGE: ReadonlySet<NodeState> = new Set([
  'used',
  'in-use',
  'building',
  'failed',
  'deleting',
  'deleted',
  'aborted',
]);

interface Counted {
  readonly fact: NodeFact;
  readonly weight: Resources | undefined;
}

/** Nodes by what planners ask for, kept in step with events: an event costs what it touches. */
export class NodeIndex {
  readonly #all = new Map<string, Counted>();
  readonly #free = new Map<string, Map<string, KnownNode>>();
  readonly #allocated = new Map<string, Map<string, KnownNode>>();
  readonly #byState = new Map<NodeState, Map<string, KnownNode>>();
  readonly #empty = new Map<string, NodeFact>();
  readonly #freePerLabel = new Map<string, number>();
  readonly #used = new Tally<string>();
  readonly #tenants = new Tally<string>();

  constructor(private readonly weightOf: NodeWeight) {}

  get size(): number {
    return this.#all.size;
  }

  get(id: string): NodeFact | undefined {
    return this.#all.get(id)?.fact;
  }

  has(id: string): boolean {
    return this.#all.has(id);
  }

  *all(): IterableIterator<NodeFact> {
    for (const it of this.#all.values()) yield it.fact;
  }

  /** `ready` and allocated to nobody, in one pool, oldest known first; some may be locked. */
  free(provider: string, pool: string, label: string): Iterable<KnownNode> {
    return this.#free.get(place(provider, pool, label))?.values() ?? [];
  }

  /** How many nodes of the whole tree are `ready`, allocated to nobody and carry the label. */
  freeCount(label: string): number {
    return this.#freePerLabel.get(label) ?? 0;
  }

  /** Nodes by the request they are allocated to. */
  get allocated(): ReadonlyMap<string, ReadonlyMap<string, KnownNode>> {
    return this.#allocated;
  }

  inState(state: NodeState): ReadonlyMap<string, KnownNode> {
    return this.#byState.get(state) ?? NONE;
  }

  /** In a state that is garbage as soon as nobody holds the lock (launcher.md 17). */
  *garbage(): IterableIterator<KnownNode> {
    for (const state of GARBAGE) yield* this.inState(state).values();
  }

  /** Znodes without data, and records that cannot be read. */
  get unreadable(): ReadonlyMap<string, NodeFact> {
    return this.#empty;
  }

  /** Used quota of a provider, or of one of its pools. */
  used(provider: string, pool?: string): Resources {
    return this.#used.of(pool === undefined ? provider : place(provider, pool));
  }

  usedByTenant(tenant: string): Resources {
    return this.#tenants.of(tenant);
  }

  /** What the view says of `id` now; undefined for gone. */
  put(id: string, fact: NodeFact | undefined): void {
    const before = this.#all.get(id);
    if (before !== undefined) this.#change(before, 'forget');
    if (fact === undefined) {
      this.#all.delete(id);
      return;
    }
    const counted = { fact, weight: fact.record === undefined ? undefined : this.weightOf(fact.record) };
    this.#all.set(id, counted);
    this.#change(counted, 'learn');
  }

  #change({ fact, weight }: Counted, how: 'learn' | 'forget'): void {
    const { id, record } = fact;
    if (record === undefined) {
      if (how === 'learn') this.#empty.set(id, fact);
      else this.#empty.delete(id);
      return;
    }
    const known = { ...fact, record };
    const file = how === 'learn' ? fileUnder : unfile;
    file(this.#byState, record.state, known);
    if (record.allocatedTo !== null) file(this.#allocated, record.allocatedTo, known);
    else if (record.state === 'ready') this.#changeFree(known, how);
    this.#count(record, weight, how);
  }

  #changeFree(node: KnownNode, how: 'learn' | 'forget'): void {
    const { provider, pool, type } = node.record;
    for (const label of new Set(type)) {
      const key = place(provider ?? '', pool ?? '', label);
      if (how === 'learn') fileUnder(this.#free, key, node);
      else unfile(this.#free, key, node);
      this.#freePerLabel.set(label, this.freeCount(label) + (how === 'learn' ? 1 : -1));
    }
  }

  #count(
    { provider, pool, tenantName, resources }: Node,
    weight: Resources | undefined,
    how: 'learn' | 'forget',
  ): void {
    const step = how === 'learn' ? 'add' : 'take';
    if (tenantName !== null && resources !== null) this.#tenants[step](tenantName, resources);
    if (weight === undefined || provider === null) return;
    this.#used[step](provider, weight);
    if (pool !== null) this.#used[step](place(provider, pool), weight);
  }
}

const NONE: ReadonlyMap<string, KnownNode> = new Map();

/** No name may contain a NUL, so the parts cannot run into one another. */
function place(...parts: readonly string[]): string {
  return parts.join('\0');
}

function fileUnder<K>(index: Map<K, Map<string, KnownNode>>, key: K, node: KnownNode): void {
  const drawer = index.get(key);
  if (drawer === undefined) index.set(key, new Map([[node.id, node]]));
  else drawer.set(node.id, node);
}

function unfile<K>(index: Map<K, Map<string, KnownNode>>, key: K, node: KnownNode): void {
  const drawer = index.get(key);
  if (drawer === undefined) return;
  drawer.delete(node.id);
  if (drawer.size === 0) index.delete(key);
}
