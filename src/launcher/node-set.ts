import type { NodePick, OpenSlot } from '../decide/plan-nodes';
import type { Reservation } from '../decide/node-reservations';
import type { NodeRequest } from '../model/records';
import type { HeldNode } from './held-node';
import type { LaunchOutcome } from './launch-node';

/** A decision carried from the planner to the request: what to take, and the places kept for it until it exists. */
export interface Assignment {
  readonly picks: readonly NodePick[];
  readonly zone: string | undefined;
  /** Slot → place under the limits. */
  readonly places: ReadonlyMap<number, Reservation>;
  /** Gives back whatever was not used. Idempotent. */
  cancel(): void;
}

/** A node in its place. */
export interface Filled {
  readonly node: HeldNode;
  /** How its launch ended; undefined while it goes on. */
  outcome: LaunchOutcome | undefined;
  /** Never rejects. */
  readonly done: Promise<LaunchOutcome>;
}

/** The nodes of one request, in the places of its `node_types`. */
export class NodeSet {
  readonly #filled = new Map<number, Filled>();
  #zone: string | undefined;

  constructor(private readonly request: NodeRequest) {}

  /**
   * Fixed by the first node that has one, be it that the cloud told it only when the instance was there; undefined while there
   * is none.
   */
  get zone(): string | undefined {
    return this.#zone ?? this.all().find((it) => it.node.record.az !== null)?.node.record.az ?? undefined;
  }

  /** Where the nodes are asked for, unless that is fixed already. */
  fixZone(zone: string | undefined): void {
    this.#zone = this.zone ?? zone;
  }

  get open(): readonly OpenSlot[] {
    return this.request.nodeTypes.flatMap((label, slot) => (this.#filled.has(slot) ? [] : [{ slot, label }]));
  }

  get size(): number {
    return this.#filled.size;
  }

  all(): readonly Filled[] {
    return [...this.#filled.values()];
  }

  /** Ids in the order of `node_types`; only when none is open. */
  ids(): readonly string[] {
    return this.request.nodeTypes.map((_label, slot) => this.#filled.get(slot)!.node.id);
  }

  fill(slot: number, node: HeldNode, done: Promise<LaunchOutcome>, outcome?: LaunchOutcome): void {
    const filled: Filled = { node, outcome, done };
    this.#filled.set(slot, filled);
    void done.then((it) => {
      filled.outcome = it;
    });
  }

  /** Whether the set is complete as soon as this node of it is ready. */
  endsWith(node: HeldNode): boolean {
    const all = this.all();
    return (
      this.open.length === 0 &&
      all.some((it) => it.node === node) &&
      all.every((it) => it.node === node || it.outcome === 'ready')
    );
  }

  /** Takes out those whose launch ended so; their slots are open again. */
  takeOut(outcome: LaunchOutcome): readonly Filled[] {
    const out: Filled[] = [];
    for (const [slot, filled] of this.#filled) {
      if (filled.outcome !== outcome) continue;
      out.push(filled);
      this.#filled.delete(slot);
    }
    if (this.#filled.size === 0) this.#zone = undefined;
    return out;
  }

  /** Takes out all. */
  clear(): readonly Filled[] {
    const out = this.all();
    this.#filled.clear();
    this.#zone = undefined;
    return out;
  }

  /** Resolves when the next launch ends; at once if all have. */
  async nextOutcome(): Promise<void> {
    const running = this.all().filter((it) => it.outcome === undefined);
    if (running.length > 0) await Promise.race(running.map((it) => it.done));
  }
}
