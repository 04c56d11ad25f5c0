import { wallSeconds } from '../runtime/clock';
import type { Store } from '../store/api';
import { nodesView } from '../views/nodes';
import type { CommandContext } from './context';
import { printView } from './print-view';

/** The list of one node, as `hold` and `delete` print it in the end; empty if it is gone. */
export async function printNode(context: CommandContext, store: Store, id: string): Promise<void> {
  const node = await store.nodes.get(id);
  const rows = node === undefined ? [] : [{ id, record: node.record, locked: false }];
  await printView(context, {}, nodesView(rows, wallSeconds(context.clock), false));
}
