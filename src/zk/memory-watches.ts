import type { Watcher, WatchEventType } from './client';

export type WatchKind = 'data' | 'exist' | 'child';

export interface PersistentWatch {
  readonly path: string;
  readonly recursive: boolean;
  readonly watcher: Watcher;
}

/** The watches of one client of the model, and which of them an event is for. */
export class MemoryWatches {
  readonly #oneShot: Record<WatchKind, Map<string, Set<Watcher>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
  };
  readonly #persistent = new Set<PersistentWatch>();

  addOneShot(kind: WatchKind, path: string, watcher: Watcher): void {
    const paths = this.#oneShot[kind];
    const watchers = paths.get(path) ?? new Set();
    paths.set(path, watchers.add(watcher));
  }

  removeOneShot(path: string, watcher: Watcher): void {
    for (const paths of Object.values(this.#oneShot)) {
      paths.get(path)?.delete(watcher);
      if (paths.get(path)?.size === 0) paths.delete(path);
    }
  }

  addPersistent(watch: PersistentWatch): void {
    this.#persistent.add(watch);
  }

  /** Whether the path is watched persistently in the other mode, which a server would silently replace. */
  isOtherwise(watch: PersistentWatch): boolean {
    return [...this.#persistent].some((it) => it.path === watch.path && it.recursive !== watch.recursive);
  }

  removePersistent(watch: PersistentWatch): void {
    this.#persistent.delete(watch);
  }

  /** Every path with a one-shot watch, by kind: what is sent again after a reconnect. */
  *armed(): Generator<{ readonly kind: WatchKind; readonly path: string }> {
    for (const kind of ['data', 'exist', 'child'] as const) {
      for (const path of [...this.#oneShot[kind].keys()]) yield { kind, path };
    }
  }

  get size(): number {
    return [...this.armed()].length + this.#persistent.size;
  }

  /** Who hears this event; one-shot watchers are forgotten with it. */
  take(type: WatchEventType, path: string): Watcher[] {
    const kinds = ONE_SHOT_FOR[type];
    const heard = new Set<Watcher>(kinds.flatMap((kind) => this.#takeOneShot(kind, path)));
    const persistent = [...this.#persistent].filter((it) => covers(it, type, path)).sort(nearestFirst);
    for (const it of persistent) heard.add(it.watcher);
    return [...heard];
  }

  /** Forgets everything and returns who is to be told that nothing will come: path and watcher. */
  takeAll(): { readonly path: string; readonly watcher: Watcher }[] {
    const oneShot = [...this.armed()].flatMap(({ kind, path }) =>
      this.#takeOneShot(kind, path).map((watcher) => ({ path, watcher })),
    );
    const persistent = [...this.#persistent].map(({ path, watcher }) => ({ path, watcher }));
    this.#persistent.clear();
    return [...oneShot, ...persistent];
  }

  #takeOneShot(kind: WatchKind, path: string): Watcher[] {
    const watchers = [...(this.#oneShot[kind].get(path) ?? [])];
    this.#oneShot[kind].delete(path);
    return watchers;
  }
}

const ONE_SHOT_FOR: Record<WatchEventType, readonly WatchKind[]> = {
  created: ['data', 'exist'],
  changed: ['data', 'exist'],
  deleted: ['data', 'exist', 'child'],
  children: ['child'],
  lost: [],
};

/** The order in which the engine tells: those of the path alone, then recursive ones from the path upwards. */
function nearestFirst(one: PersistentWatch, other: PersistentWatch): number {
  return Number(one.recursive) - Number(other.recursive) || other.path.length - one.path.length;
}

function covers(watch: PersistentWatch, type: WatchEventType, path: string): boolean {
  if (watch.path === path) return !(watch.recursive && type === 'children');
  return watch.recursive && type !== 'children' && path.startsWith(watch.path === '/' ? '/' : `${watch.path}/`);
}
