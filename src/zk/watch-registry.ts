import type { Logger } from '../runtime/log';
import { inMicrotask } from '../runtime/turn';
import type { Watcher, WatchEventType, WatchMode } from './client';
import type { WireEvent } from './link';

/** Kinds of one-shot watches: `data` of a znode that is there, `exist` of one that is not, `child` of its list. */
export type OneShotKind = 'data' | 'exist' | 'child';

type Watchers = Map<string, Set<Watcher>>;

/** One per handle: two handles may share a function and still end one by one. */
export interface PersistentWatch {
  readonly watcher: Watcher;
}

const EVENT_TYPES: Readonly<Record<number, Exclude<WatchEventType, 'lost'>>> = {
  1: 'created',
  2: 'deleted',
  3: 'changed',
  4: 'children',
};

/** Which one-shot watches an event uses up. */
const USED_UP: Readonly<Record<Exclude<WatchEventType, 'lost'>, readonly OneShotKind[]>> = {
  created: ['data', 'exist'],
  changed: ['data', 'exist'],
  deleted: ['data', 'exist', 'child'],
  children: ['child'],
};

/**
 * Who wants to hear of which path; paths are the server's, chroot included. A watcher is in a kind once per path, however
 * often it was given. Watchers run in microtasks in the order of the events, so that a reply received earlier is seen
 * earlier; what they throw is logged.
 *
 * A trap of servers before 3.9 that cannot be mended here: a one-shot watch on the *same* path as a persistent one, by
 * the same connection, replaces it, and after one event the persistent watch is gone for its whole subtree. So nobody
 * reads with a watcher the very root of a persistent watch; znodes below it are harmless (zookeeper-client 3.9).
 */
export class WatchRegistry {
  readonly #oneShot: Readonly<Record<OneShotKind, Watchers>> = { data: new Map(), exist: new Map(), child: new Map() };
  readonly #persistent: Readonly<Record<WatchMode, Map<string, Set<PersistentWatch>>>> = {
    persistent: new Map(),
    'persistent-recursive': new Map(),
  };
  /** Reads with a watcher, or addWatches, on their way: what they will leave at the server must not be removed. */
  readonly #coming = new Map<string, number>();
  /** How long the paths are that are watched recursively: of others nothing need be cut out of the path of an event. */
  #rootLengths: ReadonlySet<number> = new Set();

  constructor(
    private readonly show: (path: string) => string,
    private readonly log: Logger,
  ) {}

  addOneShot(kind: OneShotKind, path: string, watcher: Watcher): void {
    add(this.#oneShot[kind], path, watcher);
  }

  addPersistent(mode: WatchMode, path: string, watch: PersistentWatch): void {
    add(this.#persistent[mode], path, watch);
    this.#measureRoots();
  }

  /** Remembers a request that will leave a watch, until the returned function is called. */
  expect(path: string): () => void {
    this.#coming.set(path, (this.#coming.get(path) ?? 0) + 1);
    return () => {
      const left = this.#coming.get(path)! - 1;
      if (left === 0) this.#coming.delete(path);
      else this.#coming.set(path, left);
    };
  }

  /** Forgets the watcher; the kinds of which it was the last on this path. */
  removeOneShot(path: string, watcher: Watcher): OneShotKind[] {
    return (['data', 'exist', 'child'] as const).filter((kind) => remove(this.#oneShot[kind], path, watcher));
  }

  /** Forgets the watch; true if it was the last of its mode on this path. */
  removePersistent(mode: WatchMode, path: string, watch: PersistentWatch): boolean {
    const wasLast = remove(this.#persistent[mode], path, watch);
    if (wasLast) this.#measureRoots();
    return wasLast;
  }

  /** Whether the server must keep its one-shot data (`children` false) or child watch on this path. */
  needsOneShot(path: string, children: boolean): boolean {
    const { data, exist, child } = this.#oneShot;
    const isWanted = children ? child.has(path) : data.has(path) || exist.has(path);
    return isWanted || this.#coming.has(path) || this.modeAt(path) !== undefined;
  }

  /** Whether the server must keep anything on this path. */
  needsAny(path: string): boolean {
    return this.needsOneShot(path, true) || this.needsOneShot(path, false);
  }

  /** How this path is watched persistently, if it is. */
  modeAt(path: string): WatchMode | undefined {
    if (this.#persistent.persistent.has(path)) return 'persistent';
    return this.#persistent['persistent-recursive'].has(path) ? 'persistent-recursive' : undefined;
  }

  /** All paths, to be left anew with a server; the order is that of setWatches2. */
  paths(): readonly (readonly string[])[] {
    const { data, exist, child } = this.#oneShot;
    const { persistent, 'persistent-recursive': recursive } = this.#persistent;
    return [data, exist, child, persistent, recursive].map((it) => [...it.keys()]);
  }

  /** Hands an event to everyone concerned. Types we do not know are ignored. */
  dispatch(event: WireEvent): void {
    const type = EVENT_TYPES[event.type];
    if (type === undefined) return;
    const heard: Watcher[] = [];
    for (const kind of USED_UP[type]) {
      const watchers = this.#oneShot[kind].get(event.path);
      if (watchers === undefined) continue;
      this.#oneShot[kind].delete(event.path);
      for (const it of watchers) hear(heard, it);
    }
    for (const it of this.#persistent.persistent.get(event.path) ?? NOBODY) hear(heard, it.watcher);
    // A child watch of ours below a recursive one makes the server send this type, which a recursive watcher never gets.
    if (type !== 'children') this.#collectRecursive(event.path, heard);
    for (const it of heard) this.#tell(it, type, event.path, event.zxid);
  }

  /** The session is gone: everybody hears 'lost' once per path and kind, and is forgotten. */
  loseAll(): void {
    for (const watchers of Object.values(this.#oneShot)) {
      for (const [path, set] of watchers) for (const it of set) this.#tell(it, 'lost', path, -1n);
      watchers.clear();
    }
    for (const watches of Object.values(this.#persistent)) {
      for (const [path, set] of watches) for (const it of set) this.#tell(it.watcher, 'lost', path, -1n);
      watches.clear();
    }
    this.#measureRoots();
  }

  /** From the path upwards. */
  #collectRecursive(path: string, heard: Watcher[]): void {
    const recursive = this.#persistent['persistent-recursive'];
    for (let length = path.length; length > 0; length = path.lastIndexOf('/', length - 1)) {
      if (!this.#rootLengths.has(length)) continue;
      for (const it of recursive.get(path.slice(0, length)) ?? NOBODY) hear(heard, it.watcher);
    }
    if (path === '/') return;
    for (const it of recursive.get('/') ?? NOBODY) hear(heard, it.watcher);
  }

  #measureRoots(): void {
    this.#rootLengths = new Set([...this.#persistent['persistent-recursive'].keys()].map((it) => it.length));
  }

  #tell(watcher: Watcher, type: WatchEventType, path: string, zxid: bigint): void {
    const event = { type, path: this.show(path), zxid };
    inMicrotask(() => {
      try {
        watcher(event);
      } catch (error) {
        this.log.error('watcher failed', { err: error, path: event.path, type });
      }
    });
  }
}

const NOBODY: readonly never[] = [];

/** Nobody twice. */
function hear(heard: Watcher[], watcher: Watcher): void {
  if (!heard.includes(watcher)) heard.push(watcher);
}

function add<T>(all: Map<string, Set<T>>, path: string, item: T): void {
  const set = all.get(path);
  if (set === undefined) all.set(path, new Set([item]));
  else set.add(item);
}

/** True if it was there and the last. */
function remove<T>(all: Map<string, Set<T>>, path: string, item: T): boolean {
  const set = all.get(path);
  if (set === undefined || !set.delete(item) || set.size > 0) return false;
  all.delete(path);
  return true;
}
