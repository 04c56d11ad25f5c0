import { BUILD_HISTORY, imagePath } from '../../model/paths';
import { BuildHistory } from '../../store/build-history';
import { buildHistoryView } from '../../views/build-history';
import type { Command } from '../context';
import { CommandError } from '../failure';
import { followPath } from '../lists/follow-path';
import { showList } from '../lists/show-list';

/** The last builds of an image: who, why, how long, with what result; also of builds whose records are gone. */
export const run: Command = (context, [image = ''], options) => {
  const read = async () => {
    const { zk } = await context.store();
    const entries = await new BuildHistory({ ...context, zk }).read(image);
    if (entries.length === 0 && options['watch'] === undefined && (await zk.exists(imagePath(image))) === undefined) {
      throw new CommandError(`Image ${image} not found: nothing was ever built or asked for by that name`);
    }
    return (nowSeconds: number) => buildHistoryView(entries, nowSeconds);
  };
  return showList(context, options, {
    shape: buildHistoryView([], 0),
    read,
    follow: async (signal) => followPath(context, await context.store(), BUILD_HISTORY, read, signal),
  });
};
