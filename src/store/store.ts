import { COMPONENTS, IMAGES, NODES, REQUEST_LOCKS, REQUESTS } from '../model/paths';
import type { ZooKeeper } from '../zk/client';
import { combiningZooKeeper } from '../zk/combined';
import type { ZkTools } from '../zk/connect';
import { openTree, type TreeOptions } from '../zk/tree';
import type { CachedTree } from '../zk/tree-api';
import type { Components, Images, Marks, Nodes, Requests, Store } from './api';
import { TreeComponents } from './components';
import { TreeImages } from './images';
import { TreeMarks } from './marks';
import { TreeNodes } from './nodes';
import type { StoreParts } from './parts';
import { TreeRequests } from './requests';
import type { TreeView } from './tree-view';
import { isNodeLocked, isRequestLocked, keepImages, keepNodes, keepRequestLocks } from './view-paths';
import { CachedComponents, CachedImages, CachedNodes, CachedRequests } from './views';

export interface StoreOptions {
  /**
   * How many milliseconds views may wait to read what changes, so that records that pass through several states are read once.
   * A new request is read at once all the same, unless many come in a row; while much changes, it may be four times as long. Default 0.
   */
  readonly lagMs?: number;
}

/** How many times longer changes may wait of what somebody has locked: it is his, until he lets go of it. */
const LOCKED_LAG = 20;

/** Nodepool's tree as `zk` reaches it. Nothing is read before it is asked for; closing leaves `zk` open. */
export function openStore(zk: ZooKeeper, tools: ZkTools, options: StoreOptions = {}): Store {
  return new TreeStore(zk, tools, options);
}

/** Views are opened when first asked for and then shared; our own writes show in those that are open at once. */
class TreeStore implements Store {
  readonly images: Images;
  readonly nodes: Nodes;
  readonly requests: Requests;
  readonly components: Components;
  readonly marks: Marks;
  readonly #components: TreeComponents;
  readonly #trees: CachedTree[] = [];
  readonly #followed = new Map<string, () => void>();
  readonly #views: TreeView[] = [];
  readonly #tools: ZkTools;

  constructor(
    readonly zk: ZooKeeper,
    { clock, random, log }: ZkTools,
    { lagMs: ms = 0 }: StoreOptions,
  ) {
    this.#tools = { clock, random, log };
    const lag = (ofNew: boolean, of: (path: string, tree: CachedTree) => boolean): TreeOptions =>
      ms === 0 ? {} : { lag: { ms, ofNew, rest: { ms: ms * LOCKED_LAG, of } } };
    const parts: StoreParts = {
      ...this.#tools,
      zk: combiningZooKeeper(zk),
      observe: (path, data, stat) => {
        for (const tree of this.#trees) tree.observe(path, data, stat);
      },
      follow: (path, onGone) => this.#follow(path, onGone),
    };
    this.marks = new TreeMarks(parts);
    this.images = new TreeImages(
      parts,
      this.#once(() => new CachedImages(this.#open(IMAGES, { keep: keepImages }), log)),
    );
    this.nodes = new TreeNodes(
      parts,
      this.#once(() => new CachedNodes(this.#open(NODES, { keep: keepNodes, ...lag(true, isNodeLocked) }), log)),
    );
    this.requests = new TreeRequests(
      parts,
      this.#once(() => {
        const locks = this.#open(REQUEST_LOCKS, { keep: keepRequestLocks });
        const isLocked = (path: string) => isRequestLocked(path, locks);
        return new CachedRequests(this.#open(REQUESTS, lag(false, isLocked)), locks, log);
      }),
    );
    this.#components = new TreeComponents(
      parts,
      this.#once(() => new CachedComponents(this.#open(COMPONENTS), log)),
    );
    this.components = this.#components;
  }

  async close(): Promise<void> {
    await this.#components.close();
    await Promise.all(this.#views.splice(0).map((it) => it.close()));
  }

  #open(root: string, options: TreeOptions = {}): CachedTree {
    const tree = openTree(this.zk, root, options, this.#tools);
    this.#trees.push(tree);
    tree.onEvent((event) => {
      if (event.type === 'removed') this.#followed.get(event.before.path)?.();
    });
    return tree;
  }

  /** For contenders of ours: each path has one lock that asks. */
  #follow(path: string, onGone: () => void): (() => void) | undefined {
    if (!this.#trees.some((it) => it.fresh && it.get(path) !== undefined)) return undefined;
    this.#followed.set(path, onGone);
    return () => this.#followed.delete(path);
  }

  #once<V extends TreeView>(open: () => V): () => V {
    let view: V | undefined;
    return () => {
      if (view === undefined) {
        view = open();
        this.#views.push(view);
      }
      return view;
    };
  }
}
