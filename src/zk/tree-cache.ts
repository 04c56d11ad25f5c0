import type { Stat } from './client';
import type { CachedNode, TreeEvent } from './tree-api';

interface Slot {
  node: CachedNode;
  /** The walk that met it last; what a finished walk did not meet is gone. */
  walk: number;
  /** Put by `observe` and not read since: an event about it may be older than it. */
  observed: boolean;
}

/** Of a znode whose presence alone is kept. */
export const NO_STAT: Stat = {
  czxid: -1n,
  mzxid: -1n,
  ctime: 0,
  mtime: 0,
  version: -1,
  cversion: -1,
  aversion: -1,
  ephemeralOwner: 0n,
  dataLength: 0,
  numChildren: 0,
  pzxid: -1n,
};
const NO_DATA = Buffer.alloc(0);
const NO_NAMES: readonly string[] = [];

/**
 * The znodes of a cached tree and the order in which they may change: a znode gives way only to a newer state of itself
 * (larger mzxid) or to a younger znode of the same path (larger czxid), which is told as removed and added.
 */
export class TreeCache {
  readonly #slots = new Map<string, Slot>();
  readonly #names = new Map<string, Set<string>>();
  #walk = 0;

  constructor(private readonly emit: (event: TreeEvent) => void) {}

  get size(): number {
    return this.#slots.size;
  }

  get(path: string): CachedNode | undefined {
    return this.#slots.get(path)?.node;
  }

  children(path: string): readonly string[] {
    const names = this.#names.get(path);
    return names === undefined ? NO_NAMES : [...names];
  }

  *all(): IterableIterator<CachedNode> {
    for (const it of this.#slots.values()) yield it.node;
  }

  isObserved(path: string): boolean {
    return this.#slots.get(path)?.observed ?? false;
  }

  put(path: string, data: Buffer, stat: Stat, observed = false): void {
    const slot = this.#slots.get(path);
    const node = { path, data, stat };
    if (slot === undefined) {
      this.#add(node, observed);
      return;
    }
    const before = slot.node;
    slot.walk = this.#walk;
    if (before.stat.czxid === stat.czxid) {
      if (!observed) slot.observed = false;
      if (stat.mzxid <= before.stat.mzxid) return;
      slot.node = node;
      slot.observed = observed;
      this.emit({ type: 'changed', node, before });
    } else if (stat.czxid > before.stat.czxid) {
      this.remove(path);
      this.#add(node, observed);
    }
  }

  putPresence(path: string): void {
    const slot = this.#slots.get(path);
    if (slot === undefined) this.#add({ path, data: NO_DATA, stat: NO_STAT }, false);
    else slot.walk = this.#walk;
  }

  /** Removes it and what is known below it, the deepest first. */
  remove(path: string): void {
    const below = this.#names.get(path);
    if (below !== undefined) for (const name of [...below]) this.remove(path === '/' ? `/${name}` : `${path}/${name}`);
    const slot = this.#slots.get(path);
    if (slot === undefined) return;
    this.#slots.delete(path);
    const { parent, name } = split(path);
    const names = this.#names.get(parent);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(parent);
    this.emit({ type: 'removed', before: slot.node });
  }

  beginWalk(): void {
    this.#walk += 1;
  }

  /** Removes what the walk did not meet. */
  endWalk(): void {
    for (const [path, slot] of [...this.#slots]) if (slot.walk !== this.#walk) this.remove(path);
  }

  #add(node: CachedNode, observed: boolean): void {
    this.#slots.set(node.path, { node, walk: this.#walk, observed });
    const { parent, name } = split(node.path);
    const names = this.#names.get(parent);
    if (names === undefined) this.#names.set(parent, new Set([name]));
    else names.add(name);
    this.emit({ type: 'added', node });
  }
}

function split(path: string): { readonly parent: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { parent: slash <= 0 ? '/' : path.slice(0, slash), name: path.slice(slash + 1) };
}
