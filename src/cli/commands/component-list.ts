import { componentsView } from '../../views/components';
import type { Command } from '../context';
import { printView } from '../print-view';

/** Everybody who is registered in the tree (zk-tree 9). */
export const run: Command = async (context, _args, options) => {
  const { pool, launcher, builder } = await (await context.store()).components.read();
  await printView(context, options, componentsView([...builder, ...launcher, ...pool]));
  return 0;
};
