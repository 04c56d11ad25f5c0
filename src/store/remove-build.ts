import { classifyPath } from '../model/path-kinds';
import { type BuildKey, buildPath } from '../model/paths';
import { isZkError } from '../zk/errors';
import { descendants } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

/**
 * Removes a build and all below in one transaction, unless an upload is there, or somebody holds the right to make one. The
 * transaction names every znode it saw, so one that appears meanwhile makes it fail, and the look is repeated.
 */
export function removeBuild(parts: StoreParts, build: BuildKey): Promise<boolean> {
  const path = buildPath(build);
  return untilKnown(parts, async () => {
    for (;;) {
      const below = await descendants(parts.zk, path);
      if (below.some(keepsBuild)) return false;
      const deepestFirst = [...below, path].sort((one, other) => other.length - one.length);
      try {
        await parts.zk.transaction(deepestFirst.map((it) => ({ op: 'delete', path: it })));
        parts.observe(path, undefined, undefined);
        return true;
      } catch (error) {
        if (!isZkError(error, 'NOT_EMPTY', 'NO_NODE')) throw error;
        if ((await parts.zk.exists(path)) === undefined) return true;
      }
    }
  });
}

function keepsBuild(path: string): boolean {
  const it = classifyPath(path);
  return it.kind === 'upload' || (it.kind === 'contender' && it.of.kind === 'image-upload-lock');
}
