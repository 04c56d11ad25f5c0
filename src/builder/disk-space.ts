import { statfs } from 'node:fs/promises';
import { buildName } from '../decide/image-files';
import { readyBuilds, type ImageSnapshot } from '../decide/image-snapshot';
import { type BuilderContext } from './context';
import type { BuildFailure } from './events';

/** Below this no image tool gets anywhere. */
export const LEAST_FREE_BYTES = 64 * 1024 * 1024;
/** Beside the result the tool needs room for the tree it is made of, and for the unconverted image. */
const ROOM_FACTOR = 2;

/**
 * Whether there is room for another build of the image: twice what the last one takes here, or a small minimum where there
 * is none. Cheaper to say before than hours later.
 */
export async function checkRoom(
  context: BuilderContext,
  image: ImageSnapshot | undefined,
): Promise<BuildFailure | undefined> {
  const [free, needed] = await Promise.all([freeBytes(context.folder.path), neededBytes(context, image)]);
  if (free >= needed) return undefined;
  return {
    cause: 'disk',
    message: `${mebibytes(free)} MiB free, ${mebibytes(needed)} MiB needed in ${context.folder.path}`,
  };
}

async function neededBytes(context: BuilderContext, image: ImageSnapshot | undefined): Promise<number> {
  const files = await context.folder.list();
  const last = readyBuilds(image).find((it) => files.has(buildName(it.entry.key)));
  if (last === undefined) return LEAST_FREE_BYTES;
  const { key } = last.entry;
  const bytes = await context.folder.allocatedBytes(key, files.get(buildName(key))!.formats);
  return Math.max(LEAST_FREE_BYTES, bytes * ROOM_FACTOR);
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}

/** Bytes that this process may still write below `path`. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
