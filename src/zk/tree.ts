import { Backoff } from '../runtime/backoff';
import type { ReadOp, ReadResult, Stat, WatchEvent, WatchHandle, ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { isZkError, ZkError } from './errors';
import type { Backlog, CachedNode, CachedTree, TreeEvent } from './tree-api';
import { TreeCache } from './tree-cache';
import { type Answer, TreeFetcher } from './tree-fetcher';

/** 'presence' keeps that a znode is there (empty data, `NO_STAT`), without reading it; 'skip' leaves out all below, too. */
export type Keep = 'data' | 'presence' | 'skip';

export interface TreeOptions {
  /** Default: data of everything. Asked for every path, so it should be quick; the same path must always get the same answer. */
  readonly keep?: (path: string) => Keep;
  /** Reads everything again that often, so that even an event that never came is made good. Default: only after reconnects. */
  readonly rereadMs?: number;
  /**
   * How long events may wait to be read together, and whether those of new znodes always do; else one that comes so long after
   * the last one is read at once. Default: not at all. While much changes they may wait four times as long. `settled` does not
   * wait for it, and what is not read yet counts as behind. Of what is cached, changes that come while it `rests` may wait for
   * `restMs`, but no longer than until it does not any more; asked often, so it should be quick.
   */
  readonly lag?: Lag;
}

export interface Lag {
  readonly ms: number;
  readonly ofNew: boolean;
  readonly rest?: { readonly ms: number; readonly of: (path: string, tree: CachedTree) => boolean };
}

/** Begins to cache the subtree; see `CachedTree`. The root need not exist. */
export function openTree(zk: ZooKeeper, root: string, options: TreeOptions, tools: ZkTools): CachedTree {
  return new Tree(zk, root, options, tools);
}

/**
 * stale ─ link up: watch set, then everything read ─► fresh ─ link lost ─► stale …; closed from everywhere.
 *
 * The watch comes before the first read, so what changes during it is told. Events carry no data: they mark a path, and
 * the fetcher reads it, once at a time. After every reconnect the tree is walked again, since nothing is replayed; what
 * the walk does not meet is gone (zookeeper-client 8).
 */
class Tree implements CachedTree {
  readonly #cache = new TreeCache((event) => this.#emit(event));
  readonly #fetcher: TreeFetcher;
  readonly #keep: (path: string) => Keep;
  /** Replaced when one comes or goes, so that those being told stay the same. */
  #listeners: readonly ((event: TreeEvent) => void)[] = [];
  readonly #freshListeners = new Set<(fresh: boolean) => void>();
  readonly #closing = new AbortController();
  readonly #backoff: Backoff;
  readonly #stopListening: () => void;
  #fresh = false;
  /** When a new znode was last read at once. */
  #newAtMs = -Infinity;
  /** Counts links and attempts: whatever was begun under an older number is over. */
  #attempt = 0;
  #watch: { readonly sessionId: bigint; readonly handle: WatchHandle } | undefined;

  constructor(
    private readonly zk: ZooKeeper,
    readonly root: string,
    private readonly options: TreeOptions,
    private readonly tools: ZkTools,
  ) {
    this.#keep = options.keep ?? (() => 'data');
    this.#backoff = new Backoff({ firstMs: 50, maxMs: 5_000 }, tools.random);
    this.#fetcher = new TreeFetcher(
      {
        read: (ops) => this.#read(ops),
        apply: (path, answer, walk) => this.#apply(path, answer, walk),
        onWalked: () => this.#onWalked(),
        onFailed: (error) => void this.#onFailed(error),
        restMs: (path) => this.#restMs(path),
      },
      tools.clock,
    );
    this.#stopListening = zk.onState(() => this.#onState());
    this.#onState();
  }

  get fresh(): boolean {
    return this.#fresh;
  }

  get size(): number {
    return this.#cache.size;
  }

  get backlog(): Backlog {
    return this.#fetcher.backlog;
  }

  isBehind(path: string): boolean {
    return this.#fetcher.isBehind(path);
  }

  get(path: string): CachedNode | undefined {
    return this.#cache.get(path);
  }

  children(path: string): readonly string[] {
    return this.#cache.children(path);
  }

  all(): IterableIterator<CachedNode> {
    return this.#cache.all();
  }

  onEvent(listener: (event: TreeEvent) => void): () => void {
    const others = () => this.#listeners.filter((it) => it !== listener);
    this.#listeners = [...others(), listener];
    return () => {
      this.#listeners = others();
    };
  }

  onFresh(listener: (fresh: boolean) => void): () => void {
    this.#freshListeners.add(listener);
    return () => this.#freshListeners.delete(listener);
  }

  ready(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (signal?.aborted) reject(signal.reason as Error);
        else if (this.#closing.signal.aborted) reject(new ZkError('SESSION_CLOSED', this.root));
        else if (this.#fresh) resolve();
        else return;
        stop();
        signal?.removeEventListener('abort', look);
      };
      const stop = this.onFresh(look); // also told of the end
      signal?.addEventListener('abort', look);
      look();
    });
  }

  async settled(signal?: AbortSignal): Promise<void> {
    for (;;) {
      await this.ready(signal);
      const attempt = this.#attempt;
      try {
        await this.zk.sync(this.root, signal === undefined ? {} : { signal });
        await this.#fetcher.drained();
      } catch (error) {
        signal?.throwIfAborted();
        if (!isZkError(error) || isZkError(error, 'SESSION_CLOSED')) throw error;
        if (attempt === this.#attempt) await this.tools.clock.sleep(this.#backoff.next(), signal);
      }
      signal?.throwIfAborted();
      if (attempt === this.#attempt && this.#fresh) return;
    }
  }

  observe(path: string, data: Buffer | undefined, stat: Stat | undefined): void {
    if (this.#closing.signal.aborted || !this.#covers(path)) return;
    const keep = this.#keepAt(path);
    if (keep === 'skip') return;
    const known = this.#cache.get(path);
    if (data !== undefined && stat !== undefined && keep === 'data') {
      this.#cache.put(path, data, stat, true);
      // Were it deleted again, that event may be behind us: look.
      if (known?.stat.czxid !== stat.czxid) this.#fetcher.want(path, WANT_DATA);
    } else if (data === undefined && known !== undefined) {
      const isThatOne = stat === undefined || known.stat.czxid <= stat.czxid;
      if (isThatOne) this.#cache.remove(path);
      if (isThatOne) this.#fetcher.discard(path, this.#wantOf(path));
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#attempt += 1;
    this.#stopListening();
    this.#fetcher.clear();
    this.#closing.abort(new ZkError('SESSION_CLOSED', this.root));
    this.#fresh = false;
    this.#tellFresh();
    const handle = this.#watch?.handle;
    this.#watch = undefined;
    await handle?.close();
  }

  // ------------------------------------------------------------------------------------------------ link

  #onState(): void {
    this.#attempt += 1;
    this.#fetcher.clear();
    this.#setFresh(false);
    if (this.zk.state === 'connected') void this.#load();
  }

  async #load(): Promise<void> {
    const attempt = this.#attempt;
    try {
      await this.#armWatch(attempt);
    } catch (error) {
      if (attempt === this.#attempt) await this.#onFailed(error);
      return;
    }
    if (attempt === this.#attempt) this.#walk();
  }

  async #armWatch(attempt: number): Promise<void> {
    const session = this.zk.session;
    if (session === undefined || this.#watch?.sessionId === session.id) return;
    const handle = await this.zk.addWatch(this.root, 'persistent-recursive', this.#onWatch);
    if (this.#closing.signal.aborted) await handle.close();
    // Of a session that is over by now the client has told, or will tell, 'lost'.
    else if (attempt === this.#attempt || this.zk.session?.id === session.id) {
      this.#watch = { sessionId: session.id, handle };
    }
  }

  #walk(): void {
    this.#cache.beginWalk();
    this.#visit(this.root);
  }

  #onWalked(): void {
    this.#cache.endWalk();
    this.#backoff.reset();
    this.#setFresh(true);
    const { rereadMs } = this.options;
    if (rereadMs !== undefined) void this.#rereadAfter(rereadMs, this.#attempt);
  }

  async #rereadAfter(ms: number, attempt: number): Promise<void> {
    await this.tools.clock.sleep(ms, this.#closing.signal).catch(() => undefined);
    if (attempt === this.#attempt) this.#walk();
  }

  /** The loss of the link tells itself by a state; after anything else everything is begun again in a while. */
  async #onFailed(error: unknown): Promise<void> {
    if (isZkError(error, 'CONNECTION_LOSS', 'SESSION_EXPIRED', 'SESSION_CLOSED')) return;
    this.tools.log.warn('cannot read a tree', { err: error, root: this.root });
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.#fetcher.clear();
    this.#setFresh(false);
    await this.tools.clock.sleep(this.#backoff.next(), this.#closing.signal).catch(() => undefined);
    if (attempt === this.#attempt) await this.#load();
  }

  // ------------------------------------------------------------------------------------------------ events and answers

  readonly #onWatch = (event: WatchEvent): void => {
    const { type, path } = event;
    if (type === 'lost') this.#watch = undefined;
    if (type === 'lost' || type === 'children' || this.#closing.signal.aborted) return;
    if (this.zk.state !== 'connected') return;
    const keep = this.#keepAt(path);
    if (keep === 'skip') return;
    if (type === 'deleted') this.#onDeleted(path, keep);
    else if (keep === 'data') this.#onRecord(path, type === 'created');
    else if (type === 'created') this.#onCreatedPresence(path);
  };

  #onRecord(path: string, isNew: boolean): void {
    const { lag } = this.options;
    if (lag === undefined || (isNew && !lag.ofNew && this.#isLone(lag.ms))) this.#fetcher.want(path, WANT_DATA);
    else this.#fetcher.wantWithin(lag.ms, path, WANT_DATA);
  }

  #restMs(path: string): number {
    const rest = this.options.lag?.rest;
    return rest !== undefined && this.#cache.get(path) !== undefined && rest.of(path, this) ? rest.ms : 0;
  }

  /** Whether a new znode may be read at once: of many in a row the first are, with what came in the same packet, the others go together. */
  #isLone(ms: number): boolean {
    const now = this.tools.clock.monotonic();
    const isDue = now >= this.#newAtMs + ms;
    if (isDue) this.#newAtMs = now;
    return isDue || now < this.#newAtMs + SAME_PACKET_MS;
  }

  #onDeleted(path: string, keep: Keep): void {
    // What we put ourselves may be younger than the znode that this event is about.
    const unsure = keep === 'data' && this.#cache.isObserved(path);
    if (!unsure) this.#cache.remove(path);
    if (unsure) this.#fetcher.want(path, WANT_DATA);
    else if (this.#fetcher.isReading(path)) this.#fetcher.discard(path, this.#wantOf(path));
    else this.#fetcher.forget(path);
  }

  #onCreatedPresence(path: string): void {
    this.#cache.putPresence(path);
    if (this.#fetcher.isReading(path)) this.#fetcher.discard(path, WANT_CHILDREN);
  }

  #visit(path: string): void {
    if (this.#keep(path) !== 'skip') this.#fetcher.want(path, { ...this.#wantOf(path), walk: true });
  }

  #wantOf(path: string): { readonly data?: boolean; readonly children?: boolean } {
    return this.#keep(path) === 'data' ? WANT_DATA : WANT_CHILDREN;
  }

  #apply(path: string, answer: Answer, walk: boolean): void {
    switch (answer.op) {
      case 'get':
        this.#cache.put(path, answer.data, answer.stat);
        if (walk && answer.stat.numChildren > 0) this.#fetcher.want(path, { children: true, walk: true });
        break;
      case 'children':
        if (this.#keep(path) === 'presence') this.#cache.putPresence(path);
        if (walk) for (const name of answer.children) this.#visit(path === '/' ? `/${name}` : `${path}/${name}`);
        break;
      case 'gone':
        this.#cache.remove(path);
        break;
    }
  }

  async #read(ops: readonly ReadOp[]): Promise<readonly ReadResult[]> {
    return this.zk.multiRead(ops);
  }

  #covers(path: string): boolean {
    return path === this.root || path.startsWith(this.root === '/' ? '/' : `${this.root}/`);
  }

  /** What is kept of a path within the tree, with regard to all that is above it; nothing above what is cached is left out. */
  #keepAt(path: string): Keep {
    const keep = this.#keep(path);
    for (let at = path; keep !== 'skip' && at !== '/' && at !== this.root;) {
      at = at.slice(0, at.lastIndexOf('/')) || '/';
      if (this.#cache.get(at) !== undefined) break;
      if (this.#keep(at) === 'skip') return 'skip';
    }
    return keep;
  }

  #setFresh(fresh: boolean): void {
    if (this.#fresh === fresh) return;
    this.#fresh = fresh;
    this.#tellFresh();
  }

  #tellFresh(): void {
    const fresh = this.#fresh;
    for (const listener of [...this.#freshListeners]) {
      try {
        listener(fresh);
      } catch (error) {
        this.#complain(error);
      }
    }
  }

  #emit(event: TreeEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#complain(error);
      }
    }
  }

  #complain(error: unknown): void {
    this.tools.log.error('tree listener failed', { err: error, root: this.root });
  }
}

/** Events that came together are heard within this time. */
const SAME_PACKET_MS = 1;
const WANT_DATA = { data: true } as const;
const WANT_CHILDREN = { children: true } as const;
