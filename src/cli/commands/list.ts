import { wallSeconds } from '../../runtime/clock';
import type { NodeEntry } from '../../store/api';
import { nodesView, type NodeRow } from '../../views/nodes';
import type { Command } from '../context';
import { complainOfBroken, printView } from '../print-view';

/** cli.md 4.2. */
export const run: Command = async (context, _args, options) => {
  const store = await context.store();
  const entries = [...(await store.nodes.read()).values()];
  complainOfBroken(
    context,
    entries.map((it) => ({ name: `node ${it.id}`, broken: it.broken })),
  );
  const view = nodesView(nodeRows(entries), wallSeconds(context.clock), options['detail'] === true);
  await printView(context, options, view);
  return 0;
};

/** Those that could be read. */
function nodeRows(entries: readonly NodeEntry[]): NodeRow[] {
  return entries.flatMap((it) => (it.record === undefined ? [] : [{ ...it, record: it.record }]));
}
