import { componentsView } from '../../views/components';
import type { Command } from '../context';
import { showTree } from '../lists/tree-list';

/** Everybody who is registered in the tree (zk-tree 9). */
export const run: Command = (context, _args, options) =>
  showTree(context, options, {
    parts: ['components'],
    view: ({ components: { builders, launchers, pools } }) => componentsView([...builders, ...launchers, ...pools]),
  });
