import { labelsView } from '../../views/labels';
import type { Command } from '../context';
import { labelRows } from '../label-rows';
import { showTree } from '../lists/tree-list';

/** What may be asked for: the labels of all registered pools, as the web lists them (webapp.md 6.7). */
export const run: Command = (context, _args, options) =>
  showTree(context, options, {
    parts: ['components', 'nodes'],
    view: (tree) => labelsView(labelRows(tree), options['detail'] === true),
  });
