import { parseBuild, parseUpload, printBuild, printUpload } from '../model/image-records';
import { BUILD_MOVES, UPLOAD_MOVES } from '../model/moves';
import { type BuildKey, buildPath, type UploadKey, uploadPath, uploadsPath } from '../model/paths';
import type { ImageBuild, ImageUpload } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import { uuid4 } from '../runtime/random';
import { isZkError } from '../zk/errors';
import type { HeldLock } from '../zk/lock-api';
import { ClaimLostError, type ImageClaim, type Stored, type UploadsClaim } from './api';
import { changed, LockClaim, type RecordKind } from './claims';
import { createOnce } from './create-once';
import { toStored } from './entries';
import { claimLost, descendants, guardedSet, readIfThere, underLock } from './guarded';
import type { StoreParts } from './parts';

export const BUILD_KIND: RecordKind<ImageBuild> = {
  what: 'image build',
  parse: parseBuild,
  print: printBuild,
  moves: BUILD_MOVES,
};
export const UPLOAD_KIND: RecordKind<ImageUpload> = {
  what: 'image upload',
  parse: parseUpload,
  print: printUpload,
  moves: UPLOAD_MOVES,
};

/** The image's build lock (zk-tree 10.2). */
export class LockedImage extends LockClaim implements ImageClaim {
  constructor(
    parts: StoreParts,
    lock: HeldLock,
    private readonly image: string,
  ) {
    super(parts, lock);
  }

  async createBuild(build: ImageBuild): Promise<{ readonly key: BuildKey; readonly stored: Stored<ImageBuild> }> {
    const { parts, lock } = this;
    const key = { image: this.image, build: uuid4(parts.random).replaceAll('-', '') };
    const path = buildPath(key);
    const data = printBuild(build);
    await underLock(parts, lock, path, async (unsure) => {
      try {
        await parts.zk.transaction([lock.guard(), { op: 'create', path, data }]);
      } catch (error) {
        if (unsure && isZkError(error, 'NODE_EXISTS')) return; // nobody else has this id
        throw claimLost(error, path);
      }
    });
    return { key, stored: await readOwn(this.parts, lock, path, BUILD_KIND) };
  }

  writeBuild(key: BuildKey, before: Stored<ImageBuild>, change: Partial<ImageBuild>): Promise<Stored<ImageBuild>> {
    return writeUnder(this.parts, this.lock, buildPath(key), BUILD_KIND, before, change);
  }
}

/** The upload lock of one build and provider (zk-tree 10.2). */
export class LockedUploads extends LockClaim implements UploadsClaim {
  readonly #made = new Set<string>();

  constructor(
    parts: StoreParts,
    lock: HeldLock,
    private readonly build: BuildKey,
    private readonly provider: string,
  ) {
    super(parts, lock);
  }

  async createUpload(upload: ImageUpload): Promise<{ readonly key: UploadKey; readonly stored: Stored<ImageUpload> }> {
    const { parts, lock } = this;
    const dir = uploadsPath(this.build, this.provider);
    const { path } = await underLock(parts, lock, dir, () =>
      createOnce(
        parts,
        {
          dir,
          prefix: '',
          data: printUpload(upload),
          mode: 'persistent-sequential',
          // Only the holder of this lock makes uploads here, so what is younger than the lock is ours.
          isOwn: (it, found) => found.stat.czxid > lock.fence && !this.#made.has(it),
          extra: [lock.guard()],
          makesParents: false,
        },
        { signal: lock.signal, sessionBound: true },
      ).catch((error: unknown) => {
        throw claimLost(error, dir);
      }),
    );
    this.#made.add(path);
    const key = { ...this.build, provider: this.provider, upload: path.slice(dir.length + 1) };
    return { key, stored: await readOwn(parts, lock, path, UPLOAD_KIND) };
  }

  writeUpload(key: UploadKey, before: Stored<ImageUpload>, change: Partial<ImageUpload>): Promise<Stored<ImageUpload>> {
    return writeUnder(this.parts, this.lock, uploadPath(key), UPLOAD_KIND, before, change);
  }

  async removeUpload(key: UploadKey): Promise<void> {
    const { parts, lock } = this;
    const path = uploadPath(key);
    await underLock(parts, lock, path, async () => {
      const below = (await descendants(parts.zk, path)).sort((one, other) => other.length - one.length);
      try {
        const steps = [...below, path].map((it) => ({ op: 'delete', path: it }) as const);
        await parts.zk.transaction([lock.guard(), ...steps]);
      } catch (error) {
        const lost = claimLost(error, path);
        if (!(lost instanceof ClaimLostError && lost.reason === 'record-gone')) throw lost;
      }
    });
    parts.observe(path, undefined, undefined);
  }
}

async function writeUnder<T extends ImageBuild | ImageUpload>(
  parts: StoreParts,
  lock: HeldLock,
  path: string,
  kind: RecordKind<T>,
  before: Stored<T>,
  change: Partial<T>,
): Promise<Stored<T>> {
  const record = changed<T, T['state']>(before.record, change, kind, wallSeconds(parts.clock));
  const data = kind.print(record);
  const stat = await guardedSet(parts, lock, path, data, before.version);
  parts.observe(path, data, stat);
  const { version, mzxid, mtime } = stat;
  return { record, version, mzxid, createdAt: before.createdAt, changedAt: mtime / 1000 };
}

async function readOwn<T extends ImageBuild | ImageUpload>(
  parts: StoreParts,
  lock: HeldLock,
  path: string,
  kind: RecordKind<T>,
): Promise<Stored<T>> {
  const found = await underLock(parts, lock, path, () => readIfThere(parts, path, lock.signal));
  if (found === undefined) throw new ClaimLostError(path, 'record-gone');
  parts.observe(path, found.data, found.stat);
  return toStored(found, kind.parse);
}
