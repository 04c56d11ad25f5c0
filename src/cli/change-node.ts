import type { Node } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import type { NodeClaim, Store } from '../store/api';
import { BY_HAND_PATIENCE_MS, claimByHand } from '../store/by-hand';
import { nodesView, type NodeRow } from '../views/nodes';
import type { CommandContext, Options } from './context';
import { CommandError } from './failure';
import { isDocument, printView, remark } from './print-view';

/** A node's id as records have it: leading zeros may be left out. */
export function nodeId(given: string): string {
  return /^\d{1,9}$/.test(given) ? given.padStart(10, '0') : given;
}

/** A request's id as the tree has it: leading zeros of its number may be left out. */
export function requestId(given: string): string {
  const [, priority, number] = /^(\d{3,})-(\d{1,9})$/.exec(given) ?? [];
  return number === undefined ? given : `${priority}-${number.padStart(10, '0')}`;
}

/**
 * Writes a change to each node under its lock and prints the list of them. Unknown ids are told, not failed; one that
 * somebody else keeps locked is told as an error, and the others are changed all the same. Returns the exit status.
 */
export function changeNodes(
  context: CommandContext,
  ids: readonly string[],
  options: Options,
  change: Partial<Node>,
): Promise<number> {
  return withNodes(context, ids, options, async (claim) => {
    await claim.write(change);
  });
}

/** Does something to each node under its lock and prints the list of those that are left; see `changeNodes`. */
export async function withNodes(
  context: CommandContext,
  ids: readonly string[],
  options: Options,
  work: (claim: NodeClaim) => Promise<void>,
): Promise<number> {
  const store = await context.store();
  const known: string[] = [];
  let status = 0;
  for (const given of ids) {
    try {
      const claim = await claimNode(context, store, given);
      if (claim === undefined) {
        await remark(context, options, nodeNotFound(given));
        continue;
      }
      try {
        await work(claim);
      } finally {
        await claim.release();
      }
      known.push(claim.id);
    } catch (error) {
      if (!(error instanceof CommandError) || ids.length === 1) throw error;
      context.complain(`nodepool: error: ${error.message}`);
      status = 1;
    }
  }
  if (known.length > 0 || isDocument(options)) await printNodes(context, store, known, options);
  return status;
}

/** The node's lock; undefined if there is no such node. `CommandError` if somebody else keeps it. */
export async function claimNode(context: CommandContext, store: Store, given: string): Promise<NodeClaim | undefined> {
  const id = nodeId(given);
  const claim = await claimByHand(store, id, context.signal);
  if (claim === 'locked') {
    throw new CommandError(`node ${id} is locked by somebody else; gave up after ${BY_HAND_PATIENCE_MS / 1000} s`);
  }
  return claim === 'not-found' ? undefined : claim;
}

export const nodeNotFound = (given: string) => `Node id ${given} not found`;

/** The list of some nodes, as `hold` and `delete` print it in the end; those that are gone are left out. */
async function printNodes(
  context: CommandContext,
  store: Store,
  ids: readonly string[],
  options: Options,
): Promise<void> {
  const stored = await Promise.all(ids.map((id) => store.nodes.get(id)));
  const rows = stored.flatMap((it, index): NodeRow[] =>
    it === undefined ? [] : [{ id: ids[index]!, record: it.record, locked: false }],
  );
  await printView(context, options, nodesView(rows, wallSeconds(context.clock), false));
}
