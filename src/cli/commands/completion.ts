import { completionScript, type Shell } from '../completion/scripts';
import type { Command } from '../context';

/** What makes a shell complete our command line; generated from the same texts as `--help`. */
export const run: Command = async (context, [shell]) => {
  await context.print(completionScript(shell as Shell));
  return 0;
};
