import { compareRanks, type RequestRank } from '../decide/request-order';
import { countLaunches, type LaunchCount } from '../decide/launch-room';
import type { DecisionOrder } from './decision-order';
import type { HeldNode } from './held-node';
import type { World } from './world';

/** A node that exists and is to be launched as soon as `max-concurrency` lets it. */
export interface TurnOrder {
  readonly node: HeldNode;
  readonly provider: string;
  /** What other launchers decide on as well. */
  readonly scopes: readonly string[];
  /** Of the request that the node is for: the first in line begins first. */
  readonly rank: RequestRank;
  /** How many may be on their way at a time. */
  most(): number;
}

/** Why a node was taken out of the line: nothing has gone wrong. */
export class NodeUnwantedError extends Error {
  override readonly name = 'NodeUnwantedError';

  constructor(readonly node: string) {
    super('node is not wanted any more');
  }
}

interface Waiting extends TurnOrder {
  readonly signal: AbortSignal;
  settle(): void;
  fail(error: unknown): void;
}

/** Lets nodes that were created as `init` begin, one after the other, as launches of this launcher or others end. */
export class LaunchTurns {
  #queue: Waiting[] = [];
  #trying: Waiting | undefined;
  /** Known to be launching and perhaps not seen so in the tree yet, with their providers. */
  readonly #begun = new Map<string, string>();
  /** Made just now: the tree may tell of their locks before it shows them, so that their absence means nothing yet. */
  readonly #expected = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly order: DecisionOrder,
  ) {
    world.onChange(({ nodes }) => {
      if (this.#begun.size > 0) for (const id of nodes) this.#settle(id);
      this.look();
    });
  }

  count(provider: string): LaunchCount {
    const own: string[] = [];
    for (const [id, at] of this.#begun) if (at === provider) own.push(id);
    return countLaunches(this.world.nodes, provider, own);
  }

  /** Made by us, and on its way as soon as it is locked: counts until `arrived` and the tree shows it, or until `forget`. */
  noteNew(node: string, provider: string): void {
    this.#begun.set(node, provider);
    this.#expected.add(node);
  }

  /** A new node is locked, and was put into the view by that. */
  arrived(node: string): void {
    this.#expected.delete(node);
    this.#settle(node);
  }

  /** A new node could not be locked. */
  forget(node: string): void {
    this.#expected.delete(node);
    this.#begun.delete(node);
    this.look();
  }

  /** Resolves when the node is `building`. Rejects when it is not ours any more, with the signal's reason, or after `leave` with a NodeUnwantedError. */
  take(order: TurnOrder, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queue = this.#queue.filter((it) => it !== waiting);
        waiting.fail(signal.reason);
      };
      const end = (settle: () => void) => {
        signal.removeEventListener('abort', leave);
        settle();
      };
      const waiting: Waiting = {
        ...order,
        most: () => order.most(),
        signal,
        settle: () => end(resolve),
        fail: (error) => end(() => reject(error as Error)),
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#queue.push(waiting);
      this.#queue.sort((a, b) => compareRanks(a.rank, b.rank));
      this.look();
    });
  }

  /** Takes a node out of the line that nobody wants any more. False if it is not in it, or about to begin. */
  leave(node: string): boolean {
    const waiting = this.#queue.find((it) => it.node.id === node);
    if (waiting === undefined || waiting === this.#trying) return false;
    this.#queue = this.#queue.filter((it) => it !== waiting);
    waiting.fail(new NodeUnwantedError(node));
    return true;
  }

  /** Something has changed that those in line may wait for. */
  look(): void {
    if (this.#trying !== undefined) return;
    const next = this.#next();
    if (next === undefined) return;
    this.#trying = next;
    void this.#begin(next).finally(() => {
      this.#trying = undefined;
      this.look();
    });
  }

  /** The first whose provider has room. */
  #next(): Waiting | undefined {
    const full = new Set<string>();
    for (const it of this.#queue) {
      if (full.has(it.provider)) continue;
      if (this.#hasRoom(it)) return it;
      full.add(it.provider);
    }
    return undefined;
  }

  async #begin(it: Waiting): Promise<void> {
    const write = async (guard: Parameters<HeldNode['begin']>[0]) => {
      await it.node.begin(guard);
      return true;
    };
    try {
      const decision = { scopes: it.scopes, holds: () => this.#hasRoom(it), write };
      if ((await this.order.carryOut(decision, it.signal)) === undefined) return; // others were faster
      this.#begun.set(it.node.id, it.provider);
      this.#settle(it.node.id);
      it.settle();
    } catch (error) {
      it.fail(error);
    }
    this.#queue = this.#queue.filter((other) => other !== it);
  }

  #hasRoom({ provider, most }: Waiting): boolean {
    return this.count(provider).launches < most();
  }

  /** From when on the tree says of it what we know, or more. */
  #settle(node: string): void {
    const record = this.world.nodes.get(node)?.record;
    const isShown = record === undefined ? !this.#expected.has(node) : record.state !== 'init';
    if (isShown) this.#begun.delete(node);
  }
}
