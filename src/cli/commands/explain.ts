import { wallSeconds } from '../../runtime/clock';
import { askWhy } from '../../store/explain-request';
import { explanationsView } from '../../views/explanations';
import type { Command } from '../context';
import { printView } from '../print-view';

/** Why a request waits, as every launcher says through ZooKeeper. */
export const run: Command = async (context, [id = ''], options) => {
  const found = await askWhy(await context.store(), context, id, context.signal);
  if (found === undefined) {
    await context.print(`Request id ${id} not found\n`);
    return 0;
  }
  await printView(context, options, explanationsView(found.pools, wallSeconds(context.clock)));
  return 0;
};
