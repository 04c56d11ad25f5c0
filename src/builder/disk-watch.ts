import type { Clock, Timer } from '../runtime/clock';
import { freeBytes, LEAST_FREE_BYTES } from './disk-space';

const PERIOD_MS = 1_000;
/** Nothing is left for even one more block: the failure is the disk's, whatever the tool says. */
const FULL_BYTES = 64 * 1024;
const FULL_TEXT = /no space left on device|disk quota exceeded/i;
/** What writing to a file system inside an image comes to when the disk below it is full. */
const BROKEN_TEXT = /input\/output error/i;

/**
 * The least room that some folders had while a build ran. A tool clears up after itself before it says that it failed, so
 * afterwards there is room again; and what it says may be that the device inside the image is broken.
 */
export class DiskWatch implements Disposable {
  #lowest = Infinity;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    private readonly folders: readonly string[],
    private readonly clock: Clock,
  ) {
    void this.#look();
  }

  /** Why a failed build failed, if that was the disk. `lines` is the end of its log. */
  async whyFull(lines: readonly string[]): Promise<string | undefined> {
    await this.#measure();
    if (lines.some((it) => FULL_TEXT.test(it))) return 'no space left on device';
    const isBroken = lines.some((it) => BROKEN_TEXT.test(it)) && this.#lowest < LEAST_FREE_BYTES;
    if (this.#lowest >= FULL_BYTES && !isBroken) return undefined;
    return `no space left on device (${Math.floor(this.#lowest / 1024)} KiB at the lowest)`;
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    await this.#measure();
    if (!this.#stopped) this.#timer = this.clock.after(PERIOD_MS, () => void this.#look());
  }

  /** A folder that cannot be looked at tells nothing. */
  async #measure(): Promise<void> {
    const free = await Promise.all(this.folders.map((it) => freeBytes(it).catch(() => Infinity)));
    this.#lowest = Math.min(this.#lowest, ...free);
  }
}
