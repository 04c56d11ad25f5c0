import { parseBuildName } from '../../model/ids';
import type { Command } from '../context';
import { CommandError } from '../failure';

/** cli.md 4.11. */
export const run: Command = async (context, [id = '']) => {
  const key = parseBuildName(id);
  if (key === undefined) throw new CommandError(`${id} is not <image>-<build id>`);
  const outcome = await (await context.store()).images.markBuildDeleting(key);
  if (outcome === 'not-found') await context.print(`Build ${id} not found\n`);
  if (outcome === 'in-progress') await context.print('Cannot delete a build in progress\n');
  return 0;
};
