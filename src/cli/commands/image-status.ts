import { buildRequestState, imageStatusView } from '../../views/images';
import { byName } from '../by-name';
import type { Command } from '../context';
import { showTree } from '../lists/tree-list';

/** cli.md 4.5. */
export const run: Command = (context, _args, options) =>
  showTree(context, options, {
    parts: ['images'],
    view({ images }, nowSeconds) {
      const rows = byName(images).map((it) => {
        const [firstBuild] = it.builds.values();
        return { ...it, buildRequest: buildRequestState({ ...it, firstBuildCreatedAt: firstBuild?.createdAt }) };
      });
      return imageStatusView(rows, nowSeconds);
    },
  });
