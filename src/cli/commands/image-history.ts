import { wallSeconds } from '../../runtime/clock';
import { BuildHistory } from '../../store/build-history';
import { buildHistoryView } from '../../views/build-history';
import type { Command } from '../context';
import { printView } from '../print-view';

/** The last builds of an image: who, why, how long, with what result; also of builds whose records are gone. */
export const run: Command = async (context, [image = ''], options) => {
  const { zk } = await context.store();
  const entries = await new BuildHistory({ ...context, zk }).read(image);
  await printView(context, options, buildHistoryView(entries, wallSeconds(context.clock)));
  return 0;
};
