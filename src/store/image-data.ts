import * as paths from '../model/paths';
import { sequenceOf } from '../model/ids';
import { parseUploadPath } from '../model/path-kinds';
import type { ZooKeeper } from '../zk/client';
import type { ZkTools } from '../zk/connect';
import { isZkError } from '../zk/errors';
import { DirectSnapshot } from './direct-reads';
import { deleteQuietly, makePath } from './guarded';
import type { StoreParts } from './parts';
import { readImages } from './read-images';
import { untilKnown } from './repeat';

/** Full path (below the chroot) to the text of the znode, as in the file of `export-image-data` (cli.md 4.16). */
export type ImageData = Readonly<Record<string, string>>;

/** Pause flags, builds and uploads, as they are stored. */
export async function exportImageData(zk: ZooKeeper, tools: ZkTools): Promise<ImageData> {
  const parts = toParts(zk, tools);
  const snapshot = new DirectSnapshot((ops) => untilKnown(parts, () => zk.multiRead(ops)));
  const images = await readImages(snapshot, 'uploads');
  const data: [string, string][] = [];
  const add = (path: string) => data.push([path, snapshot.get(path)?.data.toString() ?? '']);
  for (const image of images.values()) {
    if (image.paused) add(paths.pausePath(image.image));
    for (const build of image.builds.values()) {
      add(paths.buildPath(build.key));
      for (const { uploads } of build.providers.values()) {
        for (const upload of uploads.values()) add(paths.uploadPath(upload.key));
      }
    }
  }
  return Object.fromEntries(data);
}

/** The text of the file. */
export function printImageData(data: ImageData): string {
  const members = Object.entries(data).map(([path, text]) => `${JSON.stringify(path)}: ${JSON.stringify(text)}`);
  return `{${members.join(', ')}}`;
}

/**
 * Creates or overwrites every path of `data`, with all daemons stopped. The number of the next upload will be larger than
 * all imported ones, because ZooKeeper counts on from what it made itself.
 */
export async function importImageData(zk: ZooKeeper, tools: ZkTools, data: ImageData): Promise<void> {
  const parts = toParts(zk, tools);
  for (const [dir, highest] of highestUploads(data)) await advanceSequence(parts, dir, highest);
  for (const [path, text] of Object.entries(data)) await put(parts, path, Buffer.from(text));
}

/** Highest imported number by upload directory. */
function highestUploads(data: ImageData): Map<string, number> {
  const highest = new Map<string, number>();
  for (const path of Object.keys(data)) {
    const key = parseUploadPath(path);
    const sequence = key === undefined ? undefined : sequenceOf(key.upload);
    if (key === undefined || sequence === undefined) continue;
    const dir = paths.uploadsPath(key, key.provider);
    highest.set(dir, Math.max(sequence, highest.get(dir) ?? 0));
  }
  return highest;
}

/** Makes and deletes sequential children until the counter has passed `highest`. */
async function advanceSequence(parts: StoreParts, dir: string, highest: number): Promise<void> {
  await makePath(parts, dir);
  for (let made = -1; made < highest;) {
    const options = { mode: 'persistent-sequential' } as const;
    const { path } = await untilKnown(parts, () => parts.zk.create(`${dir}/`, Buffer.alloc(0), options));
    made = sequenceOf(path) ?? highest;
    await untilKnown(parts, () => deleteQuietly(parts.zk, path));
  }
}

function put(parts: StoreParts, path: string, data: Buffer): Promise<void> {
  return untilKnown(parts, async () => {
    await makePath(parts, path.slice(0, path.lastIndexOf('/')));
    try {
      await parts.zk.create(path, data);
    } catch (error) {
      if (!isZkError(error, 'NODE_EXISTS')) throw error;
      await parts.zk.set(path, data);
    }
  });
}

function toParts(zk: ZooKeeper, tools: ZkTools): StoreParts {
  return { zk, clock: tools.clock, random: tools.random, log: tools.log, observe: () => undefined };
}
