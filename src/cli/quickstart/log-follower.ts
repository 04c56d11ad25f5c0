import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { absent } from '../../runtime/absent';
import type { Clock } from '../../runtime/clock';

/** Reads what a growing log file says last. The file need not exist yet. */
export class LogFollower {
  #offset = 0;
  #rest = '';

  constructor(readonly file: string) {}

  /** The newest whole line since the last call; undefined when nothing came. */
  async newestLine(): Promise<string | undefined> {
    const handle = await open(this.file, 'r').catch(absent);
    if (handle === undefined) return undefined;
    try {
      const { size } = await handle.stat();
      const length = size - this.#offset;
      if (length <= 0) return undefined;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, this.#offset);
      this.#offset += bytesRead;
      const lines = (this.#rest + buffer.subarray(0, bytesRead).toString('utf8')).split('\n');
      this.#rest = lines.pop() ?? '';
      return lines.filter((it) => it.trim() !== '').at(-1);
    } finally {
      await handle.close();
    }
  }
}

/** Shows the newest line of the newest log of an image until the signal aborts. */
export async function followBuildLog(
  folder: string,
  image: string,
  show: (line: string) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let follower: LogFollower | undefined;
  while (!signal.aborted) {
    const newest = ((await readdir(folder).catch(absent)) ?? [])
      .filter((it) => it.startsWith(`${image}-`) && it.endsWith('.log'))
      .at(-1);
    if (newest !== undefined && follower?.file !== join(folder, newest)) {
      follower = new LogFollower(join(folder, newest));
    }
    const line = await follower?.newestLine();
    if (line !== undefined) show(line);
    await clock.sleep(250, signal).catch(() => undefined); // the loop's condition ends it
  }
}
