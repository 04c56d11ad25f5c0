import type { Node } from '../model/records';
import type { NodeClaim, Store } from '../store/api';
import type { CommandContext } from './context';
import { CommandError } from './failure';
import { printNode } from './print-node';

/** How long a command waits for a node's lock (cli.md 4.9). */
const LOCK_PATIENCE_MS = 5000;

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
  const known = await store.nodes.get(id);
  const claim = known && (await store.nodes.claim(id, context.signal, LOCK_PATIENCE_MS));
  if (claim !== undefined) return claim;
  if (known === undefined || (await store.nodes.get(id)) === undefined) {
    await context.print(`Node id ${id} not found\n`);
    return undefined;
  }
  throw new CommandError(`node ${id} is locked by somebody else; gave up after ${LOCK_PATIENCE_MS / 1000} s`);
}
