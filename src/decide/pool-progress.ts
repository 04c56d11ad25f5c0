import type { Node } from '../model/records';

/** The newest node of a pool. */
export interface Progress {
  readonly request: string | null;
  /** When it was first seen, monotonic milliseconds. */
  readonly atMs: number;
}

/**
 * Which pools, of any launcher, are at work, as everybody can see: they make nodes, and nodes name their maker. Kept in step
 * with what the view of nodes tells.
 */
export class PoolProgress {
  readonly #newest = new Map<string, Progress & { readonly node: string }>();

  /** A node that is there, new or not. */
  note(id: string, { launcher, allocatedTo }: Pick<Node, 'launcher' | 'allocatedTo'>, nowMs: number): void {
    if (launcher === null || id <= (this.#newest.get(launcher)?.node ?? '')) return;
    this.#newest.set(launcher, { node: id, request: allocatedTo, atMs: nowMs });
  }

  of(pool: string): Progress | undefined {
    return this.#newest.get(pool);
  }

  /** Forgets pools that are gone. */
  keepOnly(pools: ReadonlySet<string>): void {
    for (const pool of this.#newest.keys()) if (!pools.has(pool)) this.#newest.delete(pool);
  }
}
