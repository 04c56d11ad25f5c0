import { type BuildHistoryEntry, parseHistory, printHistory, withHistoryEntry } from '../model/build-history';
import { BUILD_HISTORY, buildHistoryPath } from '../model/paths';
import { isZkError } from '../zk/errors';
import { listIfThere, makePath, readIfThere } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

/**
 * What became of the last builds of each image: one znode per image, in a subtree of our own that Python's programs do not
 * look at. Nothing is decided by it.
 */
export class BuildHistory {
  readonly #parts: StoreParts;

  constructor(parts: Omit<StoreParts, 'observe'>) {
    this.#parts = { ...parts, observe: () => undefined };
  }

  /** The oldest first; none if nothing is known. */
  async read(image: string): Promise<readonly BuildHistoryEntry[]> {
    const found = await readIfThere(this.#parts, buildHistoryPath(image));
    return found === undefined ? [] : parseHistory(image, found.data);
  }

  /** Of all images, sorted by name. */
  async readAll(): Promise<ReadonlyMap<string, readonly BuildHistoryEntry[]>> {
    const names = await untilKnown(this.#parts, () => listIfThere(this.#parts.zk, BUILD_HISTORY));
    const read = async (image: string) => [image, await this.read(image)] as const;
    return new Map(await Promise.all([...names].sort().map(read)));
  }

  /** Remembers `entry`, in the place of what was said of it before. Writes of others in between are kept. */
  async remember(entry: BuildHistoryEntry, signal: AbortSignal): Promise<void> {
    const path = buildHistoryPath(entry.image);
    const attempt = async () => {
      for (;;) {
        signal.throwIfAborted();
        const found = await readIfThere(this.#parts, path, signal);
        const before = found === undefined ? [] : parseHistory(entry.image, found.data);
        const data = printHistory(withHistoryEntry(before, entry));
        try {
          if (found === undefined) await this.#create(path, data, signal);
          else await this.#parts.zk.set(path, data, found.stat.version);
          return;
        } catch (error) {
          if (!isZkError(error, 'BAD_VERSION', 'NODE_EXISTS', 'NO_NODE')) throw error;
        }
      }
    };
    await untilKnown(this.#parts, attempt, { signal });
  }

  async #create(path: string, data: Buffer, signal: AbortSignal): Promise<void> {
    await makePath(this.#parts, BUILD_HISTORY, signal);
    await this.#parts.zk.create(path, data);
  }
}
