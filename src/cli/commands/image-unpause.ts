import type { Command } from '../context';

/** cli.md 4.15. */
export const run: Command = async (context, [image = '']) => {
  await (await context.store()).images.unpause(image);
  return 0;
};
