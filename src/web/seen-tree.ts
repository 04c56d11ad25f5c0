import type { ComponentEntry, ComponentsView, ImageEntry, NodeEntry, RequestEntry, Store, View } from '../store/api';

export const PARTS = ['nodes', 'requests', 'images', 'components'] as const;
export type Part = (typeof PARTS)[number];

/** `loading`: never seen whole; `stale`: seen, and not looked after since the link was lost. */
export type Sight = 'fresh' | 'stale' | 'loading';

interface Watched {
  readonly view: View;
  version: number;
  hasLoaded: boolean;
  readonly stop: () => void;
}

/** The parts of the tree that a web server shows, as the store's views have them, with a count of changes of each. */
export class SeenTree {
  readonly #watched: ReadonlyMap<Part, Watched>;
  readonly #closing = new AbortController();
  /** Aborts when it is closed. */
  readonly closed: AbortSignal = this.#closing.signal;
  readonly #listeners = new Set<(part: Part, ids: ReadonlySet<string>) => void>();

  /** Opens the views of `parts`, and no others. */
  constructor(
    readonly store: Store,
    readonly parts: readonly Part[] = PARTS,
  ) {
    this.#watched = new Map(parts.map((it) => [it, this.#watch(it, viewOf(store, it))]));
  }

  get nodes(): ReadonlyMap<string, NodeEntry> {
    return this.store.nodes.view().nodes;
  }
  get requests(): ReadonlyMap<string, RequestEntry> {
    return this.store.requests.view().requests;
  }
  /** Sorted by name. */
  get images(): readonly ImageEntry[] {
    const { images } = this.store.images.view();
    return [...images.values()].sort((one, other) => (one.image < other.image ? -1 : 1));
  }
  get components(): ComponentsView {
    return this.store.components.view();
  }

  image(name: string): ImageEntry | undefined {
    return this.store.images.view().images.get(name);
  }

  builders(): readonly ComponentEntry[] {
    return [...this.components.builders.values()];
  }

  /** Counts changes of a part. */
  version(part: Part): number {
    return this.#watched.get(part)!.version;
  }

  sight(part: Part): Sight {
    const watched = this.#watched.get(part)!;
    if (watched.view.fresh) watched.hasLoaded = true;
    if (watched.view.fresh) return 'fresh';
    return watched.hasLoaded ? 'stale' : 'loading';
  }

  /** Told of changes by part and ids; of coming and going freshness without ids. */
  onChange(listener: (part: Part, ids: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closing.abort(new Error('the view is closed'));
    for (const { stop } of this.#watched.values()) stop();
    this.#listeners.clear();
  }

  #watch(part: Part, view: View): Watched {
    const stop = view.onChange((ids) => {
      watched.version += 1;
      if (view.fresh) watched.hasLoaded = true;
      for (const listener of [...this.#listeners]) listener(part, ids);
    });
    const watched: Watched = { view, version: 0, hasLoaded: view.fresh, stop };
    return watched;
  }
}

function viewOf(store: Store, part: Part): View {
  return store[part].view();
}
