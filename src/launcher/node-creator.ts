import type { Reservation } from '../decide/node-reservations';
import type { Node } from '../model/records';
import type { NewNode } from '../store/api';
import type { Op } from '../zk/client';
import type { DecisionOrder } from './decision-order';
import type { LauncherTools } from './tools';
import type { World } from './world';

/** Nodes that are to be created together or not at all. */
export interface CreationOrder {
  readonly provider: string;
  readonly nodes: readonly Node[];
  /** Of each node, until the tree shows it. */
  readonly places: readonly Reservation[];
  /** What other launchers decide on as well. */
  readonly scopes: readonly string[];
  /** How many nodes of the provider may be on their way at a time; Infinity for no limit. */
  readonly maxLaunches: number;
  /** Whether the limits hold with these nodes, whose places are counted. */
  fits(): boolean;
}

interface Waiting extends CreationOrder {
  readonly signal: AbortSignal;
  settle(outcome: readonly NewNode[] | undefined): void;
  fail(error: unknown): void;
}

/** Nodes in one transaction: of some 1 kB each, where 1 MB is too much. */
const BATCH_NODES = 100;

/**
 * Creates the nodes of all pools of this launcher: what is asked for while one transaction is on its way goes with the
 * next one, so that many launches cost few writes and several launchers seldom overtake one another.
 */
export class NodeCreator {
  #queue: Waiting[] = [];
  /** Created by us and not seen in the tree yet, with their providers. */
  readonly #unseen = new Map<string, string>();
  #busy = false;

  constructor(
    private readonly tools: Pick<LauncherTools, 'store'>,
    private readonly world: World,
    private readonly order: DecisionOrder,
    private readonly now: AbortSignal,
  ) {
    world.onChange(() => this.look());
  }

  /** Undefined when there is no room for all of them any more; their places are given up then. To be locked at once. */
  create(order: CreationOrder, signal: AbortSignal): Promise<readonly NewNode[] | undefined> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = () => {
        if (!this.#queue.includes(waiting)) return; // on its way
        this.#queue = this.#queue.filter((it) => it !== waiting);
        end(() => reject(signal.reason as Error));
      };
      const end = (settle: () => void) => {
        signal.removeEventListener('abort', leave);
        settle();
      };
      const waiting: Waiting = {
        ...order,
        fits: () => order.fits(),
        signal,
        settle: (outcome) => end(() => resolve(outcome)),
        fail: (error) => end(() => reject(error as Error)),
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#queue.push(waiting);
      this.look();
    });
  }

  /** Whether one more node of the provider may be on its way; `maxLaunches` below 0 means any number (launcher.md 5 step 10). */
  hasLaunchRoom(provider: string, maxLaunches: number): boolean {
    if (maxLaunches < 0) return true;
    let queued = 0;
    for (const it of this.#queue) if (it.provider === provider) queued += it.nodes.length;
    return this.#launching(provider) + queued < maxLaunches;
  }

  /** Something has changed that those in the queue may wait for. */
  look(): void {
    if (this.#busy || this.#queue.length === 0 || this.now.aborted) return;
    this.#busy = true;
    queueMicrotask(() => void this.#work());
  }

  async #work(): Promise<void> {
    for (;;) {
      const batch = this.#take();
      if (batch.length === 0) break;
      await this.#make(batch);
    }
    this.#busy = false;
  }

  /** Takes from the queue what may begin now. */
  #take(): readonly Waiting[] {
    const batch = this.#startable(this.#queue);
    this.#queue = this.#queue.filter((it) => !batch.includes(it));
    return batch;
  }

  #startable(orders: readonly Waiting[]): readonly Waiting[] {
    const begun = new Map<string, number>();
    const batch: Waiting[] = [];
    let size = 0;
    for (const it of orders) {
      if (size > 0 && size + it.nodes.length > BATCH_NODES) break;
      if (it.maxLaunches !== Infinity) {
        const launching = begun.get(it.provider) ?? this.#launching(it.provider);
        if (launching + it.nodes.length > it.maxLaunches) continue;
        begun.set(it.provider, launching + it.nodes.length);
      }
      size += it.nodes.length;
      batch.push(it);
    }
    return batch;
  }

  async #make(batch: readonly Waiting[]): Promise<void> {
    let open = batch;
    let chosen: readonly Waiting[] = [];
    const holds = () => {
      open = [...open].reverse().filter((it) => !this.#isRefused(it)); // the last in line give way first
      open = [...open].reverse();
      chosen = this.#startable(open);
      return chosen.length > 0;
    };
    const scopes = [...new Set(batch.flatMap((it) => it.scopes))];
    const write = (guard: readonly Op[]) =>
      this.tools.store.nodes.createAll(
        chosen.flatMap((it) => it.nodes),
        this.now,
        guard,
      );
    try {
      const made = await this.order.carryOut({ scopes, holds, write }, this.now);
      if (made !== undefined) this.#handOut(chosen, made);
      const left = open.filter((it) => made === undefined || !chosen.includes(it));
      this.#queue = [...left.filter((it) => !this.#isGivenUp(it)), ...this.#queue];
    } catch (error) {
      for (const it of open) it.fail(error);
    }
  }

  #isGivenUp(it: Waiting): boolean {
    if (it.signal.aborted) it.fail(it.signal.reason);
    return it.signal.aborted;
  }

  #isRefused(it: Waiting): boolean {
    if (this.#isGivenUp(it)) return true;
    if (it.fits()) return false;
    for (const place of it.places) place.cancel();
    it.settle(undefined);
    return true;
  }

  #handOut(orders: readonly Waiting[], made: readonly NewNode[]): void {
    let at = 0;
    for (const it of orders) {
      const own = made.slice(at, at + it.nodes.length);
      at += it.nodes.length;
      own.forEach((node, index) => it.places[index]?.bindNew(node.id));
      it.settle(own.map((node) => this.#followed(node, it.provider)));
    }
  }

  #followed(node: NewNode, provider: string): NewNode {
    this.#unseen.set(node.id, provider);
    const lock = async () => {
      try {
        const claim = await node.lock();
        this.world.arrived(node.id);
        return claim;
      } finally {
        this.#forget(node.id);
      }
    };
    return { id: node.id, lock };
  }

  #forget(node: string): void {
    this.#unseen.delete(node);
    this.look();
  }

  #launching(provider: string): number {
    const { nodes } = this.world;
    let count = 0;
    for (const state of ['init', 'building'] as const) {
      for (const { record } of nodes.inState(state).values()) if (record.provider === provider) count += 1;
    }
    for (const [id, at] of this.#unseen) if (at === provider && !nodes.has(id)) count += 1;
    return count;
  }
}
