import { pauseByHand } from '../../store/by-hand';
import type { Command } from '../context';
import { CommandError } from '../failure';

/** cli.md 4.15. */
export const run: Command = async (context, [image = '']) => {
  const store = await context.store();
  if (!(await pauseByHand(store, image))) {
    throw new CommandError(`image ${image} is not in ZooKeeper: it was never built or requested`);
  }
  return 0;
};
