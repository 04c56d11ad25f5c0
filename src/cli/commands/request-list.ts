import { requestsView } from '../../views/requests';
import type { Command } from '../context';
import { readable, showTree } from '../lists/tree-list';

/** cli.md 4.6. */
export const run: Command = (context, _args, options) =>
  showTree(context, options, {
    parts: ['requests'],
    view: ({ requests }) => requestsView(readable(requests.values())),
    broken: ({ requests }) => [...requests.values()].map((it) => ({ name: `request ${it.id}`, broken: it.broken })),
  });
