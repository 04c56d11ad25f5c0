import { type UploadKey, UPLOAD_PROGRESS, uploadProgressPath } from '../model/paths';
import { parseProgress, printProgress, type UploadProgress } from '../model/upload-progress';
import type { Clock } from '../runtime/clock';
import type { ZooKeeper } from '../zk/client';
import { isZkError } from '../zk/errors';
import { deleteQuietly, makePath, readIfThere } from './guarded';
import type { StoreParts } from './parts';

/** Between two writes of one upload; nothing is written of one that takes no longer. */
export const PROGRESS_PERIOD_MS = 3_000;

type Parts = Omit<StoreParts, 'observe'>;

/** How far the upload is; undefined if it is not told (yet, or any more, or by a Python builder). */
export async function readUploadProgress(parts: Parts, upload: UploadKey): Promise<UploadProgress | undefined> {
  const found = await readIfThere({ ...parts, observe: () => undefined }, uploadProgressPath(upload));
  return found === undefined ? undefined : parseProgress(found.data);
}

/**
 * Tells how far one upload is, in an ephemeral znode of a subtree of our own: it goes with the session, wakes nobody, and is
 * no part of a record. At most one write under way and one in `PROGRESS_PERIOD_MS`; what fails is not tried again, the next
 * one says more.
 */
export class ProgressReport implements Disposable {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #zk: ZooKeeper;
  #lastMs: number;
  #writing: Promise<void> | undefined;
  #isThere = false;

  constructor(
    private readonly parts: Parts,
    upload: UploadKey,
  ) {
    this.#path = uploadProgressPath(upload);
    this.#clock = parts.clock;
    this.#zk = parts.zk;
    this.#lastMs = this.#clock.monotonic();
  }

  /** `now`: also if the last write was a moment ago, for another stage. */
  tell(progress: UploadProgress, now = false): void {
    const atMs = this.#clock.monotonic();
    if (this.#writing !== undefined || (!now && atMs - this.#lastMs < PROGRESS_PERIOD_MS)) return;
    this.#lastMs = atMs;
    this.#writing = this.#write(printProgress(progress))
      .catch((error: unknown) => this.parts.log.debug('upload progress not told', { err: error }))
      .finally(() => {
        this.#writing = undefined;
      });
  }

  /** Resolves when what was told is written, or has failed. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Removes it. Never rejects: what cannot be removed ends with the session. */
  async close(): Promise<void> {
    await this.written();
    if (!this.#isThere) return;
    await deleteQuietly(this.#zk, this.#path).catch((error: unknown) =>
      this.parts.log.debug('upload progress not removed', { err: error }),
    );
  }

  /** The upload is over; it need not wait for this. */
  [Symbol.dispose](): void {
    void this.close();
  }

  async #write(data: Buffer): Promise<void> {
    if (this.#isThere) {
      try {
        await this.#zk.set(this.#path, data);
        return;
      } catch (error) {
        if (!isZkError(error, 'NO_NODE')) throw error; // gone with its session, there is another one
      }
    }
    this.#isThere = true; // maybe, even if the answer is lost
    await makePath({ ...this.parts, observe: () => undefined }, UPLOAD_PROGRESS);
    await this.#zk.create(this.#path, data, { mode: 'ephemeral' }).catch((error: unknown) => {
      if (!isZkError(error, 'NODE_EXISTS')) throw error;
    });
  }
}
