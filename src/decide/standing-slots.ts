import type { NodeState } from '../model/records';
import type { KnownNode } from './node-index';

const LEAVING: ReadonlySet<NodeState> = new Set(['used', 'failed', 'aborted', 'deleting', 'deleted']);

export interface SlotAssignment {
  /** One entry for each slot. */
  readonly slots: readonly (KnownNode | undefined)[];
  /** Nodes that no slot is left for. */
  readonly surplus: readonly KnownNode[];
}

/**
 * Which node of a machine stands in which slot (drivers.md 7.2): each in the slot that it carries, those without one, or
 * whose slot is taken or not there any more, in the first that is free. Nodes that cannot be taken out of service now go
 * before those that can; a slot is not empty before the last record is gone from it.
 */
export function assignStandingSlots(nodes: readonly KnownNode[], count: number): SlotAssignment {
  const slots = new Array<KnownNode | undefined>(count).fill(undefined);
  const homeless: KnownNode[] = [];
  for (const node of [...nodes].sort(inUseFirst)) {
    const { slot } = node.record;
    if (slot !== null && slot >= 0 && slot < count && slots[slot] === undefined) slots[slot] = node;
    else homeless.push(node);
  }
  const surplus = homeless.flatMap((node) => {
    const at = placeFor(node, slots);
    if (at === -1) return [node];
    const before = slots[at];
    slots[at] = node;
    return before === undefined ? [] : [before];
  });
  return { slots, surplus };
}

/** The first free slot, else one whose node can rather be spared. */
function placeFor(node: KnownNode, slots: readonly (KnownNode | undefined)[]): number {
  const free = slots.indexOf(undefined);
  return free === -1 ? slots.findLastIndex((it) => it !== undefined && rank(it) > rank(node)) : free;
}

/**
 * In use, then unused, then on the way out. A lock says nothing here: it comes and goes while a node is being changed, and
 * who keeps the slot must not change with it.
 */
function inUseFirst(one: KnownNode, other: KnownNode): number {
  return rank(one) - rank(other) || (one.id < other.id ? -1 : 1);
}

function rank({ record }: KnownNode): number {
  if (LEAVING.has(record.state)) return 2;
  return record.state === 'ready' && record.allocatedTo === null ? 1 : 0;
}
