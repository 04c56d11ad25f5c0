import type {
  ComponentEntry,
  ComponentsView,
  ImageEntry,
  ImagesExtent,
  NodeEntry,
  RequestEntry,
  Store,
  View as StoreView,
} from '../../store/api';
import type { PoolComponent } from '../../model/records';
import type { View } from '../../views/column';
import type { CommandContext, Options } from '../context';
import { complainOfBroken } from '../print-view';
import type { ListSource, Listing, LiveListing } from './list-source';
import { showList } from './show-list';

/** Parts of the tree as they were read, or as they are cached. A part that was not asked for is empty. */
export interface TreeParts {
  readonly nodes: ReadonlyMap<string, NodeEntry>;
  readonly requests: ReadonlyMap<string, RequestEntry>;
  readonly images: ReadonlyMap<string, ImageEntry>;
  readonly components: {
    readonly pools: readonly ComponentEntry<PoolComponent>[];
    readonly launchers: readonly ComponentEntry[];
    readonly builders: readonly ComponentEntry[];
  };
}
export type Part = keyof TreeParts;

const EMPTY: TreeParts = {
  nodes: new Map(),
  requests: new Map(),
  images: new Map(),
  components: { pools: [], launchers: [], builders: [] },
};

/** A list that is made of parts of the tree. */
export interface TreeList<Row> {
  readonly parts: readonly Part[];
  /** How much of the images it looks at. */
  readonly extent?: ImagesExtent;
  view(tree: TreeParts, nowSeconds: number): View<Row>;
  /** Records that are left out, by the name that the user knows. */
  broken?(tree: TreeParts): Iterable<{ readonly name: string; readonly broken: string | undefined }>;
}

/** Prints such a list: read from the server, or with `--watch` from caches that ZooKeeper keeps up to date. */
export function showTree<Row>(context: CommandContext, options: Options, list: TreeList<Row>): Promise<number> {
  const source: ListSource<Row> = {
    shape: list.view(EMPTY, 0),
    async read() {
      const tree = await readParts(await context.store(), list.parts, list.extent);
      if (list.broken !== undefined) complainOfBroken(context, list.broken(tree));
      return listingOf(list, tree);
    },
    follow: async (signal) => followTree(await context.store(), list, signal),
  };
  return showList(context, options, source);
}

function listingOf<Row>(list: TreeList<Row>, tree: TreeParts): Listing<Row> {
  return (nowSeconds) => list.view(tree, nowSeconds);
}

/** Reads parts straight from the server, side by side. */
export async function readParts(
  store: Store,
  parts: readonly Part[],
  extent: ImagesExtent = 'uploads',
): Promise<TreeParts> {
  const has = (part: Part) => parts.includes(part);
  const [nodes, requests, images, components] = await Promise.all([
    has('nodes') ? store.nodes.read() : EMPTY.nodes,
    has('requests') ? store.requests.read() : EMPTY.requests,
    has('images') ? store.images.read(extent) : EMPTY.images,
    has('components') ? store.components.read() : undefined,
  ]);
  if (components === undefined) return { nodes, requests, images, components: EMPTY.components };
  const { pool, launcher: launchers, builder: builders } = components;
  const pools = pool as readonly ComponentEntry<PoolComponent>[];
  return { nodes, requests, images, components: { pools, launchers, builders } };
}

/** Opens views of parts and waits until they are loaded. */
export async function openParts(
  store: Store,
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<{ readonly current: () => TreeParts; readonly views: readonly StoreView[] }> {
  const viewOf = (part: Part): StoreView => store[part].view();
  const views = parts.map(viewOf);
  await Promise.all(views.map((it) => it.ready(signal)));
  const has = (part: Part) => parts.includes(part);
  const current = (): TreeParts => ({
    nodes: has('nodes') ? inOrder(store.nodes.view().nodes) : EMPTY.nodes,
    requests: has('requests') ? inOrder(store.requests.view().requests) : EMPTY.requests,
    images: has('images') ? store.images.view().images : EMPTY.images,
    components: has('components') ? cachedComponents(store.components.view()) : EMPTY.components,
  });
  return { current, views };
}

/** A cache has them as they came; a list that is read has them by id. */
function inOrder<E>(entries: ReadonlyMap<string, E>): ReadonlyMap<string, E> {
  return new Map([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function cachedComponents({ pools, launchers, builders }: ComponentsView): TreeParts['components'] {
  return { pools: [...pools.values()], launchers: [...launchers.values()], builders: [...builders.values()] };
}

async function followTree<Row>(store: Store, list: TreeList<Row>, signal: AbortSignal): Promise<LiveListing<Row>> {
  const { current, views } = await openParts(store, list.parts, signal);
  return {
    current: () => listingOf(list, current()),
    get fresh() {
      return views.every((it) => it.fresh);
    },
    onChange(listener) {
      const stops = views.map((it) => it.onChange(listener));
      return () => stops.forEach((stop) => stop());
    },
  };
}

/** Those that could be read, with their names. */
export function readable<E extends { readonly record: unknown }>(
  entries: Iterable<E>,
): (E & { readonly record: NonNullable<E['record']> })[] {
  type Whole = E & { readonly record: NonNullable<E['record']> };
  return [...entries].filter((it): it is Whole => it.record !== undefined);
}
