import type { Command } from '../context';
import { UsageError } from '../failure';
import { helpText } from '../parser';
import { COMMANDS } from '../specs';

/** What `--help` says of a command, or of all. */
export const run: Command = async (context, [name]) => {
  const spec = COMMANDS.find((it) => it.name === name);
  if (name !== undefined && spec === undefined) {
    const names = COMMANDS.filter((it) => it.hidden !== true).map((it) => it.name);
    throw new UsageError(`argument command: invalid choice: '${name}' (choose from ${names.join(', ')})`);
  }
  await context.print(helpText(spec));
  return 0;
};
