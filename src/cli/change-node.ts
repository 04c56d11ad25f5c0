import type { Node } from '../model/records';
import type { NodeClaim, Store } from '../store/api';
import { BY_HAND_PATIENCE_MS, claimByHand } from '../store/by-hand';
import type { CommandContext } from './context';
import { CommandError } from './failure';
import { printNode } from './print-node';

/** Writes a change to a node under its lock and prints the node's line. Unknown ids are told, not failed. */
export async function changeNode(context: CommandContext, id: string, change: Partial<Node>): Promise<number> {
  const store = await context.store();
  const claim = await claimNode(context, store, id);
  if (claim === undefined) return 0;
  try {
    await claim.write(change);
  } finally {
    await claim.release();
  }
  await printNode(context, store, id);
  return 0;
}

/** The node's lock; undefined, and said so, if there is no such node. `CommandError` if somebody else keeps it. */
export async function claimNode(context: CommandContext, store: Store, id: string): Promise<NodeClaim | undefined> {
  const claim = await claimByHand(store, id, context.signal);
  if (claim === 'locked') {
    throw new CommandError(`node ${id} is locked by somebody else; gave up after ${BY_HAND_PATIENCE_MS / 1000} s`);
  }
  if (claim !== 'not-found') return claim;
  await context.print(`Node id ${id} not found\n`);
  return undefined;
}
