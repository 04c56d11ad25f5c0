import type { Command } from '../context';
import { CommandError } from '../failure';
import { isZkError } from '../../zk/errors';

/** cli.md 4.15. */
export const run: Command = async (context, [image = '']) => {
  const store = await context.store();
  try {
    await store.images.pause(image);
  } catch (error) {
    if (!isZkError(error, 'NO_NODE')) throw error;
    throw new CommandError(`image ${image} is not in ZooKeeper: it was never built or requested`, { cause: error });
  }
  return 0;
};
