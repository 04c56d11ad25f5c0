import { eraseBuildData, eraseNodeData } from '../../store/erase-provider';
import { readLine } from '../read-line';
import type { Command } from '../context';

/** cli.md 4.14. */
export const run: Command = async (context, [provider = ''], options) => {
  const store = await context.store();
  if (options['force'] !== true) {
    await context.print('\nWARNING! This action is not reversible!\n');
    await context.print(`Erase ZooKeeper data for provider ${provider}? [N/y] `);
    const answer = await readLine(context.io.stdin, context.signal);
    if (answer.trim().toLowerCase() !== 'y') {
      await context.print('Aborting. No data erased.\n');
      return 0;
    }
  }
  await context.print(`Erasing build data for ${provider}...\n`);
  await eraseBuildData(store, context, provider);
  await context.print(`Erasing node data for ${provider}...\n`);
  await eraseNodeData(store, provider);
  return 0;
};
