import type { PoolFact } from '../decide/choose-requests';
import { NodeIndex, type NodeWeight } from '../decide/node-index';
import { Reservations } from '../decide/node-reservations';
import { PoolProgress } from '../decide/pool-progress';
import { RequestIndex } from '../decide/request-index';
import type { Clock } from '../runtime/clock';
import type { ComponentsView, ImagesView, NodeEntry, NodesView, RequestEntry, RequestsView, Store } from '../store/api';

/** What changed in one step. Ids tell where to look, not what happened. */
export interface WorldChange {
  readonly nodes: ReadonlySet<string>;
  readonly requests: ReadonlySet<string>;
}

const NO_IDS: ReadonlySet<string> = new Set();

/**
 * The tree as this launcher sees it: the store's views, indexed for the planners, and its own promises that the tree does
 * not show yet. Everything here is synchronous: between two awaits a decision sees one state.
 */
export class World {
  readonly images: ImagesView;
  readonly components: ComponentsView;
  readonly requests = new RequestIndex();
  readonly reservations: Reservations;
  /** Which pools of any launcher are seen at work. */
  readonly progress = new PoolProgress();
  readonly #nodesView: NodesView;
  readonly #requestsView: RequestsView;
  readonly #listeners = new Set<(change: WorldChange) => void>();
  readonly #stops: (() => void)[];
  #nodes: NodeIndex;
  #pools: readonly PoolFact[] | undefined;

  constructor(
    store: Store,
    weightOf: NodeWeight,
    private readonly clock: Clock,
  ) {
    this.images = store.images.view();
    this.components = store.components.view();
    this.#nodesView = store.nodes.view();
    this.#requestsView = store.requests.view();
    this.#nodes = new NodeIndex(weightOf);
    this.reservations = new Reservations(() => this.#nodes);
    for (const [id, entry] of this.#nodesView.nodes) this.#nodes.put(id, entry);
    for (const [id, entry] of this.#requestsView.requests) this.requests.put(id, entry);
    this.#stops = [
      this.#nodesView.onChange((ids) => this.#takeNodes(ids)),
      this.#requestsView.onChange((ids) => this.#takeRequests(ids)),
      this.components.onChange(() => {
        this.#pools = undefined;
        this.progress.keepOnly(new Set(this.pools().map((it) => it.id)));
        this.#tell({ nodes: NO_IDS, requests: NO_IDS });
      }),
      this.images.onChange(() => this.#tell({ nodes: NO_IDS, requests: NO_IDS })),
    ];
  }

  get nodes(): NodeIndex {
    return this.#nodes;
  }

  /** Whether what is missing is really not there. */
  get fresh(): boolean {
    return this.#nodesView.fresh && this.#requestsView.fresh && this.components.fresh && this.images.fresh;
  }

  /** Lock directories of requests, for those that outlive their request. */
  get requestLocks(): RequestsView['locks'] {
    return this.#requestsView.locks;
  }

  /** Every registered pool, as planners want them. */
  pools(): readonly PoolFact[] {
    this.#pools ??= this.#readPools();
    return this.#pools;
  }

  #readPools(): readonly PoolFact[] {
    const facts: PoolFact[] = [];
    for (const { component } of this.components.pools.values()) {
      if (component.id === null) continue;
      facts.push({
        id: component.id,
        provider: component.providerName,
        labels: new Set(component.supportedLabels),
        priority: component.priority,
        paused: component.paused,
      });
    }
    return facts;
  }

  async ready(signal: AbortSignal): Promise<void> {
    await Promise.all(
      [this.#nodesView, this.#requestsView, this.components, this.images].map((it) => it.ready(signal)),
    );
  }

  /** Everything acknowledged before the call, as far as it is about nodes, is in the indexes afterwards. */
  async settled(signal: AbortSignal): Promise<void> {
    await this.#nodesView.settled(signal);
    await Promise.resolve(); // views tell what they have in the next microtask
  }

  /** The same of requests. */
  async requestsSettled(signal: AbortSignal): Promise<void> {
    await this.#requestsView.settled(signal);
    await Promise.resolve();
  }

  /** Whether a node's, or request's, record is known to have changed, and is being read: what its lock says may be newer. */
  isBehind(id: string): boolean {
    return this.#nodesView.isBehind(id) || this.#requestsView.isBehind(id);
  }

  /** As the view shows them: for a claim that rests on them. */
  nodeEntry(id: string): NodeEntry | undefined {
    return this.#nodesView.nodes.get(id);
  }

  /** A node that we have made is locked, and was put into the view by that: what the view lacks now is gone. */
  arrived(node: string): void {
    this.reservations.arrived(node, this.nodeEntry(node) !== undefined);
  }

  requestEntry(id: string): RequestEntry | undefined {
    return this.#requestsView.requests.get(id);
  }

  /** Counts all nodes anew, after the configuration or a label's need has changed. */
  reweigh(weightOf: NodeWeight): void {
    const nodes = new NodeIndex(weightOf);
    for (const [id, entry] of this.#nodesView.nodes) nodes.put(id, entry);
    this.#nodes = nodes;
    this.#tell({ nodes: NO_IDS, requests: NO_IDS });
  }

  /** Called after the indexes have changed. Returns how to stop listening. */
  onChange(listener: (change: WorldChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  #takeNodes(ids: ReadonlySet<string>): void {
    const { nodes } = this.#nodesView;
    const now = this.clock.monotonic();
    for (const id of ids) {
      const entry = nodes.get(id);
      this.#nodes.put(id, entry);
      this.reservations.seen(id);
      if (entry?.record !== undefined) this.progress.note(id, entry.record, now);
    }
    this.#tell({ nodes: ids, requests: NO_IDS });
  }

  #takeRequests(ids: ReadonlySet<string>): void {
    for (const id of ids) this.requests.put(id, this.#requestsView.requests.get(id));
    this.#tell({ nodes: NO_IDS, requests: ids });
  }

  #tell(change: WorldChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
