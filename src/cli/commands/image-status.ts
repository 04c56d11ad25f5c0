import type { BuilderWaits } from '../../model/image-waits';
import { IMAGE_WAITS } from '../../model/own-paths';
import { readWaits } from '../../store/image-waits';
import { buildRequestState, imageStatusView, withWaits } from '../../views/images';
import { byName } from '../by-name';
import type { Command, CommandContext } from '../context';
import { followPath } from '../lists/follow-path';
import type { LiveListing } from '../lists/list-source';
import { showList } from '../lists/show-list';
import { openParts, readParts, showTree, type TreeParts } from '../lists/tree-list';

const PARTS = ['images'] as const;

/** cli.md 4.5; with `--detail` also what builders wait for before they try it again, which Python's tell nobody. */
export const run: Command = (context, _args, options) =>
  options['detail'] === true
    ? showList(context, options, detailedSource(context))
    : showTree(context, options, {
        parts: PARTS,
        extent: 'builds',
        view: (tree, now) => imageStatusView(rowsOf(tree), now),
      });

function rowsOf({ images }: Pick<TreeParts, 'images'>) {
  return byName(images).map((it) => {
    const [firstBuild] = it.builds.values();
    return { ...it, buildRequest: buildRequestState({ ...it, firstBuildCreatedAt: firstBuild?.createdAt }) };
  });
}

type Row = Parameters<typeof imageStatusView>[0][number];

function detailedSource(context: CommandContext) {
  const waitsNow = async () => readWaits({ ...context, zk: (await context.store()).zk });
  const listing = (tree: TreeParts, waits: readonly BuilderWaits[]) => (nowSeconds: number) =>
    imageStatusView(withWaits(rowsOf(tree), waits), nowSeconds, true);
  const read = async () => listing(await readParts(await context.store(), PARTS, 'builds'), await waitsNow());
  return {
    shape: imageStatusView([], 0, true),
    read,
    /** Both what stands in the tree about images and what builders tell beside it may change. */
    follow: async (signal: AbortSignal): Promise<LiveListing<Row>> => {
      const store = await context.store();
      const { current, views } = await openParts(store, PARTS, signal);
      const waits = await followPath(context, store, IMAGE_WAITS, read, signal);
      return {
        current: async () => listing(current(), await waitsNow()),
        get fresh() {
          return waits.fresh && views.every((it) => it.fresh);
        },
        onChange(listener) {
          const stops = [waits.onChange(listener), ...views.map((it) => it.onChange(listener))];
          return () => stops.forEach((stop) => stop());
        },
      };
    },
  };
}
