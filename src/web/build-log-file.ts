import { type FileHandle, open } from 'node:fs/promises';
import type { Secrets } from './mask-bytes';

const CHUNK_BYTES = 64 * 1024;
/** A line is looked for no further than this. */
const TAIL_BYTES = 1024 * 1024;

/** A log that may be growing, or emptied, while it is read. Secrets never come out of it. */
export class BuildLogFile implements AsyncDisposable {
  private constructor(
    private readonly handle: FileHandle,
    private readonly secrets: Secrets,
  ) {}

  /** Undefined if there is no such file. */
  static async open(file: string, secrets: Secrets): Promise<BuildLogFile | undefined> {
    try {
      return new BuildLogFile(await open(file), secrets);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  /** Which file it is: a name may come to mean another. */
  async inode(): Promise<number> {
    return (await this.handle.stat()).ino;
  }

  /** The bytes from `start` to before `end`, fewer at the end of the file. */
  async read(start: number, end: number): Promise<Buffer> {
    const before = Math.min(start, this.secrets.longest);
    const wanted = Buffer.alloc(before + (end - start) + this.secrets.longest);
    const { bytesRead } = await this.handle.read(wanted, 0, wanted.length, start - before);
    const found = wanted.subarray(0, bytesRead);
    this.secrets.mask(found);
    return found.subarray(before, before + (end - start));
  }

  /** The same in pieces, ending early if the file was cut short. */
  async *bytes(start: number, end: number): AsyncGenerator<Buffer> {
    let at = start;
    while (at < end) {
      const piece = await this.read(at, Math.min(end, at + CHUNK_BYTES));
      if (piece.length === 0) return;
      at += piece.length;
      yield piece;
    }
  }

  /** Where the last `lines` lines before `size` begin; no further back than a megabyte. */
  async startOfTail(lines: number, size: number): Promise<number> {
    const floor = Math.max(0, size - TAIL_BYTES);
    if (lines <= 0) return size;
    const bytes = await this.read(floor, size);
    // The line break at the very end ends the last line, it begins none.
    let at = bytes.length - 1;
    for (let left = lines; left > 0; left -= 1) {
      at = at <= 0 ? -1 : bytes.lastIndexOf(0x0a, at - 1);
      if (at === -1) return floor;
    }
    return floor + at + 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
  }
}
