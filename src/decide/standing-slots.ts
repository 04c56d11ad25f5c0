import type { KnownNode } from './node-index';

export interface SlotAssignment {
  /** One entry for each slot. */
  readonly slots: readonly (KnownNode | undefined)[];
  /** Nodes that no slot is left for. */
  readonly surplus: readonly KnownNode[];
}

/**
 * Which node of a machine stands in which slot (drivers.md 7.2): each in the slot that it carries, those without one, or
 * whose slot is taken or not there any more, in the first that is free. Nodes that cannot be taken out of service now go
 * first, so that what is left over is what can.
 */
export function assignStandingSlots(nodes: readonly KnownNode[], count: number): SlotAssignment {
  const slots = new Array<KnownNode | undefined>(count).fill(undefined);
  const homeless: KnownNode[] = [];
  for (const node of [...nodes].sort(inUseFirst)) {
    const { slot } = node.record;
    if (slot !== null && slot >= 0 && slot < count && slots[slot] === undefined) slots[slot] = node;
    else homeless.push(node);
  }
  const surplus: KnownNode[] = [];
  for (const node of homeless) {
    const free = slots.indexOf(undefined);
    if (free === -1) surplus.push(node);
    else slots[free] = node;
  }
  return { slots, surplus };
}

function inUseFirst(one: KnownNode, other: KnownNode): number {
  const rank = ({ record, locked }: KnownNode) =>
    record.state !== 'ready' ? 0 : record.allocatedTo !== null || locked ? 1 : 2;
  return rank(one) - rank(other) || (one.id < other.id ? -1 : 1);
}
