import { requestsView } from '../../views/requests';
import type { Command } from '../context';
import { complainOfBroken, printView } from '../print-view';

/** cli.md 4.6. */
export const run: Command = async (context, _args, options) => {
  const entries = [...(await (await context.store()).requests.read()).values()];
  complainOfBroken(
    context,
    entries.map((it) => ({ name: `request ${it.id}`, broken: it.broken })),
  );
  const rows = entries.flatMap(({ id, record }) => (record === undefined ? [] : [{ id, record }]));
  await printView(context, options, requestsView(rows));
  return 0;
};
