import { type BuilderWaits, parseWaits, printWaits } from '../model/image-waits';
import { IMAGE_WAITS, imageWaitsPath } from '../model/own-paths';
import { isZkError } from '../zk/errors';
import { deleteQuietly, listIfThere, makePath, readIfThere } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

type Parts = Omit<StoreParts, 'observe'>;

/** What all builders wait for; nothing of Python's, which tell nobody. */
export async function readWaits(parts: Parts): Promise<readonly BuilderWaits[]> {
  const observed = { ...parts, observe: () => undefined };
  const names = await untilKnown(observed, () => listIfThere(parts.zk, IMAGE_WAITS));
  const found = await Promise.all(names.map((it) => readIfThere(observed, imageWaitsPath(it))));
  return found.flatMap((it) => (it === undefined ? [] : (parseWaits(it.data) ?? [])));
}

/**
 * Tells what one builder waits for, in an ephemeral znode of a subtree of our own: it goes with the session, wakes nobody, and
 * nothing is decided by it. Written when something failed or succeeded and not otherwise; a write that fails is made up for by
 * the next call.
 */
export class WaitsReport {
  readonly #path: string;
  #told: { readonly session: unknown; readonly text: string } | undefined;
  #writing: Promise<void> | undefined;

  /** `name` is the builder's own: one that shares its folder with another one is not that one. */
  constructor(
    private readonly parts: Parts,
    name: string,
  ) {
    this.#path = imageWaitsPath(name);
  }

  /** To be called as often as one likes: writes what is new to the present session, one write at a time. */
  tell(waits: BuilderWaits): void {
    const { session } = this.parts.zk;
    const text = waits.waits.length === 0 ? '' : printWaits(waits).toString();
    const isKnown = this.#told === undefined ? text === '' : this.#told.text === text && this.#told.session === session;
    if (isKnown || session === undefined || this.#writing !== undefined) return;
    this.#writing = this.#write(text)
      .then(() => (this.#told = text === '' ? undefined : { session, text }))
      .catch((error: unknown) => this.parts.log.debug('what waits is not told', { err: error }))
      .then(() => {
        this.#writing = undefined;
      });
  }

  /** Resolves when what was told is written, or has failed. */
  async written(): Promise<void> {
    await this.#writing;
  }

  async #write(text: string): Promise<void> {
    const { zk } = this.parts;
    if (text === '') return void (await deleteQuietly(zk, this.#path));
    const data = Buffer.from(text);
    await makePath({ ...this.parts, observe: () => undefined }, IMAGE_WAITS);
    try {
      await zk.create(this.#path, data, { mode: 'ephemeral' });
    } catch (error) {
      if (!isZkError(error, 'NODE_EXISTS')) throw error;
      await zk.set(this.#path, data);
    }
  }
}
