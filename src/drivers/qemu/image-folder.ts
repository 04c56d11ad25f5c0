import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { absent } from '../../runtime/absent';
import { lockFile, tryLockFile } from '../../runtime/file-lock';

/**
 * The image store of a host. One image is one folder, complete from the moment it has its name:
 *
 *     <id>/image, <id>/image.json
 *     .upload-<id>/...    being copied; `.upload-<id>.lock` is held by whoever copies, so a crash leaves it free
 *     .removed-<id>       being removed
 */
const schema = z.object({
  version: z.literal(1),
  name: z.string(),
  format: z.enum(['qcow2', 'raw']),
  sizeBytes: z.number(),
  sha256: z.string(),
  md5: z.string(),
  /** UNIX seconds. */
  createdTime: z.number(),
  metadata: z.record(z.string(), z.string()),
});
export type StoredImage = z.infer<typeof schema>;

const UPLOAD = '.upload-';
const REMOVED = '.removed-';

/** The bytes that were read are not those that were announced. */
export class ChecksumError extends Error {
  constructor(
    readonly expected: string,
    readonly got: string,
  ) {
    super('image file does not match its checksum');
    this.name = 'ChecksumError';
  }
}

export interface CopySpec {
  readonly id: string;
  readonly file: string;
  readonly image: Omit<StoredImage, 'version' | 'sizeBytes' | 'sha256' | 'md5'>;
  readonly md5?: string;
  readonly sha256?: string;
}

export class ImageFolder {
  constructor(readonly folder: string) {}

  pathOf(id: string): string {
    return join(this.folder, id, 'image');
  }

  /** Undefined if there is no such image. */
  async read(id: string): Promise<StoredImage | undefined> {
    if (!isImageId(id)) return undefined;
    const text = await readFile(join(this.folder, id, 'image.json'), 'utf8').catch(absent);
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  }

  async list(): Promise<readonly (StoredImage & { readonly id: string })[]> {
    const ids = (await this.#entries()).filter(isImageId);
    const images = await Promise.all(ids.map(async (id) => ({ id, image: await this.read(id) })));
    return images.flatMap(({ id, image }) => (image === undefined ? [] : [{ ...image, id }]));
  }

  /**
   * Copies a file into the store; it is there in whole or not at all, whatever happens meanwhile. `check` sees the copy
   * before anybody else can. Rejects with `ChecksumError`, what `check` says, or the signal's reason.
   */
  async add(
    spec: CopySpec,
    check: (path: string) => Promise<void>,
    progress: (bytesDone: number, bytesTotal: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const part = join(this.folder, `${UPLOAD}${spec.id}`);
    const lock = await lockFile(`${part}.lock`, signal);
    try {
      await mkdir(part);
      const facts = await copy(spec.file, join(part, 'image'), progress, signal);
      for (const [expected, got] of [
        [spec.sha256, facts.sha256],
        [spec.md5, facts.md5],
      ]) {
        if (expected !== undefined && expected !== got) throw new ChecksumError(expected, got!);
      }
      await check(join(part, 'image'));
      await writeSynced(join(part, 'image.json'), { version: 1, ...spec.image, ...facts });
      signal.throwIfAborted();
      await rename(part, join(this.folder, spec.id));
      await syncFolder(this.folder);
    } finally {
      await rm(part, { recursive: true, force: true });
      await lock.release({ remove: true });
    }
  }

  /** False if there is no such image. Machines that run from it keep it open and are not disturbed. */
  async remove(id: string): Promise<boolean> {
    if (!isImageId(id)) return false;
    const gone = join(this.folder, `${REMOVED}${id}`);
    try {
      await rename(join(this.folder, id), gone);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    await rm(gone, { recursive: true, force: true });
    return true;
  }

  /** What copies and removals left that ended with their process. */
  async sweep(signal: AbortSignal): Promise<void> {
    for (const entry of await this.#entries()) {
      if (entry.startsWith(REMOVED)) await rm(join(this.folder, entry), { recursive: true, force: true });
      if (!entry.startsWith(UPLOAD)) continue;
      const part = join(this.folder, entry.replace(/\.lock$/, ''));
      const lock = await tryLockFile(`${part}.lock`, signal);
      if (lock === undefined) continue; // somebody is copying
      await rm(part, { recursive: true, force: true });
      await lock.release({ remove: true });
    }
  }

  async #entries(): Promise<readonly string[]> {
    return (await readdir(this.folder).catch(absent)) ?? [];
  }
}

/** Ids are ours and become folders. */
function isImageId(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}

async function copy(
  from: string,
  to: string,
  progress: (bytesDone: number, bytesTotal: number) => void,
  signal: AbortSignal,
): Promise<{ readonly sizeBytes: number; readonly sha256: string; readonly md5: string }> {
  const { size } = await stat(from);
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  const target = await open(to, 'wx', 0o600);
  let done = 0;
  try {
    for await (const chunk of createReadStream(from, { signal, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      sha256.update(chunk);
      md5.update(chunk);
      await writeSparse(target, chunk, done);
      done += chunk.length;
      progress(done, size);
    }
    await target.truncate(done); // a hole at the end
    await target.sync();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await target.close();
  }
  return { sizeBytes: done, sha256: sha256.digest('hex'), md5: md5.digest('hex') };
}

/** Raw images are mostly zeros: a megabyte of them becomes a hole. */
async function writeSparse(target: FileHandle, chunk: Buffer, position: number): Promise<void> {
  if (chunk.equals(ZEROS.subarray(0, chunk.length))) return;
  let written = 0;
  while (written < chunk.length) {
    written += (await target.write(chunk, written, chunk.length - written, position + written)).bytesWritten;
  }
}
const ZEROS = Buffer.alloc(1 << 20);

async function writeSynced(path: string, image: StoredImage): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(image, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
