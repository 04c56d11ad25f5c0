import type { Store } from '../../store/api';
import { openTree } from '../../zk/tree';
import type { CommandContext } from '../context';
import type { Listing, LiveListing } from './list-source';

/** A list that is read again whenever something below `root` changes. */
export async function followPath<Row>(
  context: CommandContext,
  store: Store,
  root: string,
  read: () => Promise<Listing<Row>>,
  signal: AbortSignal,
): Promise<LiveListing<Row>> {
  const tree = openTree(store.zk, root, {}, context);
  signal.addEventListener('abort', () => void tree.close(), { once: true });
  await tree.ready(signal);
  return {
    current: read,
    get fresh() {
      return tree.fresh;
    },
    onChange(listener) {
      const stops = [tree.onEvent(listener), tree.onFresh(listener)];
      return () => stops.forEach((stop) => stop());
    },
  };
}
