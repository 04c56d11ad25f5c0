import { BUILD_HISTORY } from '../../model/paths';
import { BuildHistory } from '../../store/build-history';
import { buildHistoryView } from '../../views/build-history';
import type { Command } from '../context';
import { followPath } from '../lists/follow-path';
import { showList } from '../lists/show-list';

/** The last builds of an image: who, why, how long, with what result; also of builds whose records are gone. */
export const run: Command = (context, [image = ''], options) => {
  const read = async () => {
    const { zk } = await context.store();
    const entries = await new BuildHistory({ ...context, zk }).read(image);
    return (nowSeconds: number) => buildHistoryView(entries, nowSeconds);
  };
  return showList(context, options, {
    shape: buildHistoryView([], 0),
    read,
    follow: async (signal) => followPath(context, await context.store(), BUILD_HISTORY, read, signal),
  });
};
