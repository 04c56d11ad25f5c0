import { parseBuild, parseUpload } from '../model/image-records';
import * as paths from '../model/paths';
import type { ImageBuild, ImageUpload } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import { isZkError } from '../zk/errors';
import type {
  ImageClaim,
  ImageEntry,
  Images,
  ImagesExtent,
  ImagesView,
  RecordClaim,
  Stored,
  UploadsClaim,
} from './api';
import { claimRecord, hasNoUpload, LockedRecord, type RecordKind, tryLock } from './claims';
import { DirectSnapshot } from './direct-reads';
import { toStored } from './entries';
import { deleteQuietly, makePath, readIfThere } from './guarded';
import { BUILD_KIND, LockedImage, LockedUploads, UPLOAD_KIND } from './image-claims';
import type { StoreParts } from './parts';
import { readImages } from './read-images';
import { removeBuild } from './remove-build';
import { untilKnown } from './repeat';

const EMPTY = Buffer.alloc(0);

export class TreeImages implements Images {
  constructor(
    private readonly parts: StoreParts,
    readonly view: () => ImagesView,
  ) {}

  read(extent: ImagesExtent = 'all'): Promise<ReadonlyMap<string, ImageEntry>> {
    const snapshot = new DirectSnapshot((ops) => untilKnown(this.parts, () => this.parts.zk.multiRead(ops)));
    return readImages(snapshot, extent);
  }

  async claimImage(image: string, signal: AbortSignal): Promise<ImageClaim | undefined> {
    const lock = await tryLock(this.parts, { dir: paths.imageBuildLock(image), signal, parents: 'create' });
    return lock === undefined ? undefined : new LockedImage(this.parts, lock, image);
  }

  async claimUploads(build: paths.BuildKey, provider: string, signal: AbortSignal): Promise<UploadsClaim | undefined> {
    const request = { dir: paths.imageUploadLock(build, provider), signal };
    const found = await readIfThere(this.parts, paths.buildPath(build), signal);
    if (found === undefined || found.data.length === 0) return undefined;
    if (!(await this.#makeUploadsDir(build, provider))) return undefined;
    const lock = await tryLock(this.parts, request);
    return lock === undefined ? undefined : new LockedUploads(this.parts, lock, build, provider);
  }

  async claimBuild(build: paths.BuildKey, signal: AbortSignal): Promise<RecordClaim<ImageBuild> | undefined> {
    const path = paths.buildPath(build);
    const claimed = await claimRecord(this.parts, { dir: paths.buildNumberLock(build), signal }, path, parseBuild);
    if (claimed === undefined) return undefined;
    return new LockedRecord(this.parts, claimed.lock, path, BUILD_KIND, claimed.current, hasNoUpload);
  }

  async claimUpload(upload: paths.UploadKey, signal: AbortSignal): Promise<RecordClaim<ImageUpload> | undefined> {
    const path = paths.uploadPath(upload);
    const claimed = await claimRecord(this.parts, { dir: paths.uploadNumberLock(upload), signal }, path, parseUpload);
    if (claimed === undefined) return undefined;
    return new LockedRecord(this.parts, claimed.lock, path, UPLOAD_KIND, claimed.current);
  }

  removeBuild(build: paths.BuildKey): Promise<boolean> {
    return removeBuild(this.parts, build);
  }

  getBuild(build: paths.BuildKey): Promise<Stored<ImageBuild> | undefined> {
    return this.#get(paths.buildPath(build), BUILD_KIND);
  }

  getUpload(upload: paths.UploadKey): Promise<Stored<ImageUpload> | undefined> {
    return this.#get(paths.uploadPath(upload), UPLOAD_KIND);
  }

  requestBuild(image: string): Promise<void> {
    return makePath(this.parts, paths.requestBuildPath(image));
  }

  async removeBuildRequest(image: string): Promise<void> {
    await untilKnown(this.parts, () => deleteQuietly(this.parts.zk, paths.requestBuildPath(image)));
    this.parts.observe(paths.requestBuildPath(image), undefined, undefined);
  }

  async requestUpload(image: string, provider: string): Promise<number> {
    const path = paths.requestUploadPath(image, provider);
    for (;;) {
      await makePath(this.parts, path);
      const found = await readIfThere(this.parts, path);
      if (found !== undefined) return found.stat.ctime / 1000; // else answered already: an older one was there
    }
  }

  async removeUploadRequest(image: string, provider: string): Promise<void> {
    const path = paths.requestUploadPath(image, provider);
    await untilKnown(this.parts, () => deleteQuietly(this.parts.zk, path));
    this.parts.observe(path, undefined, undefined);
  }

  /** Throws NO_NODE for an image that the tree does not know (cli.md 4.15). */
  async pause(image: string): Promise<void> {
    await untilKnown(this.parts, async () => {
      await this.parts.zk.create(paths.pausePath(image), EMPTY).catch((error: unknown) => {
        if (!isZkError(error, 'NODE_EXISTS')) throw error;
      });
    });
  }

  async unpause(image: string): Promise<void> {
    await untilKnown(this.parts, () => deleteQuietly(this.parts.zk, paths.pausePath(image)));
    this.parts.observe(paths.pausePath(image), undefined, undefined);
  }

  markBuildDeleting(build: paths.BuildKey): Promise<'done' | 'not-found' | 'in-progress'> {
    return this.#markDeleting(paths.buildPath(build), BUILD_KIND, 'building');
  }

  markUploadDeleting(upload: paths.UploadKey): Promise<'done' | 'not-found' | 'in-progress'> {
    return this.#markDeleting(paths.uploadPath(upload), UPLOAD_KIND, 'uploading');
  }

  async #get<T extends ImageBuild | ImageUpload>(path: string, kind: RecordKind<T>): Promise<Stored<T> | undefined> {
    const found = await readIfThere(this.parts, path);
    return found === undefined || found.data.length === 0 ? undefined : toStored(found, kind.parse);
  }

  /** Without lock (cli.md 4.11), but never over a write that it did not see. */
  #markDeleting<T extends ImageBuild | ImageUpload>(
    path: string,
    kind: RecordKind<T>,
    busy: T['state'],
  ): Promise<'done' | 'not-found' | 'in-progress'> {
    return untilKnown(this.parts, async () => {
      for (;;) {
        const stored = await this.#get(path, kind);
        if (stored === undefined) return 'not-found';
        if (stored.record.state === busy) return 'in-progress';
        const record = { ...stored.record, state: 'deleting', stateTime: wallSeconds(this.parts.clock) } as T;
        const data = kind.print(record);
        try {
          this.parts.observe(path, data, await this.parts.zk.set(path, data, stored.version));
          return 'done';
        } catch (error) {
          if (!isZkError(error, 'BAD_VERSION', 'NO_NODE')) throw error;
        }
      }
    });
  }

  /** In one write, which is what an upload to a new place waits for; false if one of them is there, or the build is gone. */
  async #makeAll(dirs: readonly string[]): Promise<boolean> {
    try {
      await this.parts.zk.transaction(dirs.map((path) => ({ op: 'create', path, data: EMPTY })));
      return true;
    } catch (error) {
      if (isZkError(error, 'NODE_EXISTS', 'NO_NODE')) return false;
      throw error;
    }
  }

  /** Level by level without making missing ones above, so that a build which is being deleted does not come back. */
  #makeUploadsDir(build: paths.BuildKey, provider: string): Promise<boolean> {
    const uploads = paths.uploadsPath(build, provider);
    const providers = paths.buildProvidersPath(build);
    return untilKnown(this.parts, async () => {
      if ((await this.parts.zk.exists(uploads)) !== undefined) return true;
      const dirs = [providers, `${providers}/${provider}`, uploads];
      if (await this.#makeAll([...dirs, paths.imageUploadLock(build, provider)])) return true;
      for (const dir of dirs) {
        try {
          await this.parts.zk.create(dir, EMPTY);
        } catch (error) {
          if (isZkError(error, 'NO_NODE')) return false;
          if (!isZkError(error, 'NODE_EXISTS')) throw error;
        }
      }
      return true;
    });
  }
}
