import type { Stat } from './client';

/** A znode as cached. `data` is what was read at `stat`. */
export interface CachedNode {
  readonly path: string;
  readonly data: Buffer;
  readonly stat: Stat;
}

/** Paths that events have told of and that are not read yet: those that wait for their turn, and those being read. */
export interface Backlog {
  readonly waiting: number;
  readonly reading: number;
}

export type TreeEvent =
  | { readonly type: 'added'; readonly node: CachedNode }
  | { readonly type: 'changed'; readonly node: CachedNode; readonly before: CachedNode }
  | { readonly type: 'removed'; readonly before: CachedNode };

/**
 * A subtree kept in memory by one persistent recursive watch (zookeeper-client 8). Order contract: events of one path come
 * in the order of its zxids; a record is replaced only by one with a larger mzxid. Resync contract: after every
 * reconnect the tree is read again and pseudo events are emitted for what appeared, changed and vanished.
 */
export interface CachedTree {
  readonly root: string;
  /** False until the first load is complete, and from every loss of the link until the tree was read again. */
  readonly fresh: boolean;
  get(path: string): CachedNode | undefined;
  /** Names of the children of `path`, unordered; empty if unknown. */
  children(path: string): readonly string[];
  /** All cached znodes, unordered. */
  all(): IterableIterator<CachedNode>;
  readonly size: number;
  /** How far the cache is behind what it has been told of. */
  readonly backlog: Backlog;
  /** Whether it has been told of something about `path` itself that it has not read yet. */
  isBehind(path: string): boolean;
  /** Listeners run in order, synchronously with the change of the cache. Returns how to stop listening. */
  onEvent(listener: (event: TreeEvent) => void): () => void;
  /** Called when `fresh` changes. */
  onFresh(listener: (fresh: boolean) => void): () => void;
  /** Resolves when fresh. */
  ready(signal?: AbortSignal): Promise<void>;
  /** A barrier: resolves when every write acknowledged to anybody before the call is in the cache. */
  settled(signal?: AbortSignal): Promise<void>;
  /**
   * Puts the outcome of one's own write into the cache at once, without waiting for its event; ignored if older than what is
   * there. `undefined` data means deleted.
   */
  observe(path: string, data: Buffer | undefined, stat: Stat | undefined): void;
  close(): Promise<void>;
}
