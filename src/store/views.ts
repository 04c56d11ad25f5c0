import { parseComponent } from '../model/component-record';
import { componentsPath, requestPath } from '../model/paths';
import { RecordError } from '../model/record-error';
import type { Component, ComponentKind, PoolComponent } from '../model/records';
import type { Logger } from '../runtime/log';
import type { CachedTree } from '../zk/tree-api';
import type {
  ComponentEntry,
  ComponentsView,
  ImageEntry,
  ImagesView,
  NodeEntry,
  NodesView,
  RequestEntry,
  RequestsView,
} from './api';
import { EntryIndex } from './entry-index';
import { imageEntry } from './image-entries';
import { nodeEntry } from './node-entries';
import { requestEntry, type RequestLockEntry, requestLockEntry } from './request-entries';
import { firstPart, TreeView } from './tree-view';

/** Fed by the tree below `/nodepool/nodes`. */
export class CachedNodes extends TreeView implements NodesView {
  readonly #index: EntryIndex<NodeEntry>;

  constructor(tree: CachedTree, log: Logger) {
    super([tree], log);
    this.#index = new EntryIndex((id, before) => nodeEntry(tree, id, before));
    this.listen();
  }

  get nodes(): ReadonlyMap<string, NodeEntry> {
    return this.#index.entries;
  }

  protected override touch(below: string): string | undefined {
    const id = firstPart(below);
    if (id === 'lock') return undefined;
    this.#index.touch(id);
    return id;
  }
}

/** Fed by the trees below `/nodepool/requests` and `/nodepool/requests-lock`. */
export class CachedRequests extends TreeView implements RequestsView {
  readonly #index: EntryIndex<RequestEntry>;
  readonly #locks: EntryIndex<RequestLockEntry>;

  constructor(
    private readonly records: CachedTree,
    locks: CachedTree,
    log: Logger,
  ) {
    super([records, locks], log);
    this.#index = new EntryIndex((id, before) => requestEntry(records, locks, id, before));
    this.#locks = new EntryIndex((id, before) => requestLockEntry(locks, id, before));
    this.listen();
  }

  get requests(): ReadonlyMap<string, RequestEntry> {
    return this.#index.entries;
  }

  get locks(): ReadonlyMap<string, RequestLockEntry> {
    return this.#locks.entries;
  }

  /** Of locks nothing is read. */
  override isBehind(id: string): boolean {
    return this.records.isBehind(requestPath(id));
  }

  protected override touch(below: string, tree: CachedTree): string | undefined {
    const id = firstPart(below);
    if (id === 'lock') return undefined;
    this.#index.touch(id);
    if (tree !== this.records) this.#locks.touch(id);
    return id;
  }
}

/** Fed by the tree below `/nodepool/images`. */
export class CachedImages extends TreeView implements ImagesView {
  readonly #index: EntryIndex<ImageEntry>;

  constructor(tree: CachedTree, log: Logger) {
    super([tree], log);
    this.#index = new EntryIndex((image, before) => imageEntry(tree, image, before));
    this.listen();
  }

  get images(): ReadonlyMap<string, ImageEntry> {
    return this.#index.entries;
  }

  protected override touch(below: string): string | undefined {
    const image = firstPart(below);
    if (image === 'lock') return undefined;
    this.#index.touch(image);
    return image;
  }
}

/** Fed by the tree below `/nodepool/components`. A component that cannot be read is logged and counts as absent. */
export class CachedComponents extends TreeView implements ComponentsView {
  readonly #indexes: { readonly [K in ComponentKind]: EntryIndex<ComponentEntry> };

  constructor(tree: CachedTree, log: Logger) {
    super([tree], log);
    const index = (kind: ComponentKind) =>
      new EntryIndex<ComponentEntry>((znode, before) => {
        const found = tree.get(`${componentsPath(kind)}/${znode}`);
        if (found === undefined) return undefined;
        const component = readComponent(kind, found.data, `${kind}/${znode}`, log);
        if (component === undefined) return undefined;
        return before !== undefined && isSame(before.component, component) ? before : { znode, component };
      });
    this.#indexes = { pool: index('pool'), launcher: index('launcher'), builder: index('builder') };
    this.listen();
  }

  get pools(): ReadonlyMap<string, ComponentEntry<PoolComponent>> {
    return this.#indexes.pool.entries as ReadonlyMap<string, ComponentEntry<PoolComponent>>;
  }
  get launchers(): ReadonlyMap<string, ComponentEntry> {
    return this.#indexes.launcher.entries;
  }
  get builders(): ReadonlyMap<string, ComponentEntry> {
    return this.#indexes.builder.entries;
  }

  protected override touch(below: string): string | undefined {
    const [kind, znode] = below.split('/');
    if (znode === undefined || !(kind === 'pool' || kind === 'launcher' || kind === 'builder')) return undefined;
    this.#indexes[kind].touch(znode);
    return znode;
  }
}

/** The component that `data` holds, of the kind its path says; undefined and logged if it is no such thing. */
export function readComponent(
  kind: ComponentKind,
  data: Buffer,
  where: string,
  log: Logger,
): Component | PoolComponent | undefined {
  try {
    const component = parseComponent(data);
    if (component.kind === kind) return component;
    throw new RecordError(`kind is ${component.kind}`);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    log.warn('component cannot be read', { component: where, err: error });
    return undefined;
  }
}

function isSame(one: Component, other: Component): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
