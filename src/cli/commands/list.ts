import { nodesView } from '../../views/nodes';
import type { Command } from '../context';
import { readable, showTree } from '../lists/tree-list';

/** cli.md 4.2. */
export const run: Command = (context, _args, options) =>
  showTree(context, options, {
    parts: ['nodes'],
    view: ({ nodes }, nowSeconds) => nodesView(readable(nodes.values()), nowSeconds, options['detail'] === true),
    broken: ({ nodes }) => [...nodes.values()].map((it) => ({ name: `node ${it.id}`, broken: it.broken })),
  });
