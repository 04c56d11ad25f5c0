import { wallSeconds } from '../../runtime/clock';
import { narrow } from '../../views/narrow';
import type { CommandContext, Options } from '../context';
import { loadWatchList } from '../load-command';
import { printView } from '../print-view';
import type { ListSource } from './list-source';
import { asUsage, narrowingOf } from './narrowing';

/** Prints a list once, or with `--watch` whenever it changes; with the format, columns, rows and order that were asked for. */
export async function showList<Row>(
  context: CommandContext,
  options: Options,
  source: ListSource<Row>,
): Promise<number> {
  const narrowing = narrowingOf(options);
  asUsage(() => narrow(source.shape, narrowing));
  if (options['watch'] !== undefined) return loadWatchList().watchList(context, options, source, narrowing);
  const listing = await source.read();
  await printView(context, options, narrow(listing(wallSeconds(context.clock)), narrowing));
  return 0;
}
