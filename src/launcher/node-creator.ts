import { roomAtOnce, withinRoom } from '../decide/launch-room';
import type { Reservation } from '../decide/node-reservations';
import type { Node } from '../model/records';
import type { NewNode } from '../store/api';
import type { Op } from '../zk/client';
import type { DecisionOrder } from './decision-order';
import { LaunchTurns } from './launch-turns';
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
  /** How many nodes of the provider may be on their way at a time; Infinity for no limit. Those beyond are created as `init`. */
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
  /** For those that were created as `init`. */
  readonly turns: LaunchTurns;
  #queue: Waiting[] = [];
  #busy = false;

  constructor(
    private readonly tools: Pick<LauncherTools, 'store'>,
    private readonly world: World,
    private readonly order: DecisionOrder,
    private readonly now: AbortSignal,
  ) {
    this.turns = new LaunchTurns(world, order);
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
      this.#look();
    });
  }

  /**
   * Whether a further node of the provider could be on its way at once; `maxLaunches` below 0 means any number
   * (launcher.md 5 step 10).
   */
  hasLaunchRoom(provider: string, maxLaunches: number): boolean {
    if (maxLaunches < 0) return true;
    let queued = 0;
    for (const it of this.#queue) if (it.provider === provider) queued += it.nodes.length;
    return roomAtOnce(this.turns.count(provider), maxLaunches - queued) > 0;
  }

  #look(): void {
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

  /** Takes from the queue what goes into one transaction. */
  #take(): readonly Waiting[] {
    let size = 0;
    let count = 0;
    for (const { nodes } of this.#queue) {
      size += nodes.length;
      if (count > 0 && size > BATCH_NODES) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #make(batch: readonly Waiting[]): Promise<void> {
    let open = [...batch];
    const holds = () => {
      open = open
        .reverse()
        .filter((it) => !this.#isRefused(it))
        .reverse(); // the last in line give way first
      return open.length > 0;
    };
    let nodes: readonly Node[] = [];
    const write = (guard: readonly Op[]) => {
      nodes = this.#asTheyBegin(open);
      return this.tools.store.nodes.createAll(nodes, this.now, guard);
    };
    try {
      const scopes = [...new Set(batch.flatMap((it) => it.scopes))];
      const made = await this.order.carryOut({ scopes, holds, write }, this.now);
      if (made !== undefined) this.#handOut(open, nodes, made);
    } catch (error) {
      for (const it of open) it.fail(error);
    }
  }

  /** As many as there is room for begin their launch at once, the first in line first. */
  #asTheyBegin(orders: readonly Waiting[]): readonly Node[] {
    const begun = new Map<string, number>();
    return orders.flatMap(({ provider, maxLaunches, nodes }) => {
      if (maxLaunches === Infinity) return nodes;
      const before = begun.get(provider) ?? 0;
      begun.set(provider, before + nodes.length);
      return withinRoom(nodes, roomAtOnce(this.turns.count(provider), maxLaunches) - before);
    });
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

  #handOut(orders: readonly Waiting[], nodes: readonly Node[], made: readonly NewNode[]): void {
    let at = 0;
    for (const it of orders) {
      const own = made.slice(at, at + it.nodes.length);
      own.forEach((node, index) => it.places[index]?.bindNew(node.id));
      it.settle(own.map((node, index) => this.#followed(node, nodes[at + index]!)));
      at += it.nodes.length;
    }
  }

  #followed(created: NewNode, { provider, state }: Node): NewNode {
    const { id } = created;
    if (provider !== null && state !== 'init') this.turns.noteNew(id, provider);
    const lock = async () => {
      try {
        const claim = await created.lock();
        this.world.arrived(id);
        this.turns.arrived(id);
        return claim;
      } catch (error) {
        this.turns.forget(id);
        throw error;
      }
    };
    return { id, lock };
  }
}
