import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolderSync } from './make-folder';

export interface LogFileOptions {
  /** `w` empties the file at the first opening. Default: append. */
  readonly mode?: 'a' | 'w';
  /** Open at the first line. */
  readonly delay?: boolean;
  /** Look before each write whether somebody moved the file away, and begin a new one then. */
  readonly watched?: boolean;
  /** Asked before each line; moves the file away if its time has come. */
  readonly rotation?: Rotation;
  /** Hears once of a file that cannot be written, and once that it can be again. */
  readonly onTrouble: (message: string) => void;
}

export interface Rotation {
  /** Whether the file is to be moved away before a line is written that makes it `bytes` long. */
  isDue(bytes: number, wallMs: number): boolean;
  /** Moves it; called while it is closed. */
  turnOver(path: string): void;
}

/** Lines that wait for a disk that is full or gone: beyond this the oldest are dropped. */
const KEPT_BYTES = 1024 * 1024;

/**
 * A log file. Lines of one turn of the event loop are written together; `flush` writes at once, so that nothing is lost when
 * the process ends. A disk that cannot be written costs lines and says so, never more.
 */
export class LogFile {
  #fd: number | undefined;
  #size = 0;
  #lines: string[] = [];
  #keptBytes = 0;
  #dropped = 0;
  #flushing: NodeJS.Immediate | undefined;
  #isTroubled = false;
  #mode: 'a' | 'w';

  /** Throws if the file cannot be opened. */
  constructor(
    readonly path: string,
    private readonly options: LogFileOptions,
  ) {
    this.#mode = options.mode ?? 'a';
    if (options.delay !== true) this.#open();
  }

  /** One record, without the newline at its end. */
  write(line: string): void {
    this.#lines.push(`${line}\n`);
    this.#keptBytes += line.length + 1;
    while (this.#keptBytes > KEPT_BYTES && this.#lines.length > 1) {
      this.flush();
      if (this.#keptBytes <= KEPT_BYTES) break;
      this.#keptBytes -= this.#lines.shift()!.length;
      this.#dropped += 1;
    }
    this.#flushing ??= setImmediate(() => this.flush());
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#flushing !== undefined) clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#lines.length === 0) return;
    try {
      if (this.options.watched === true) this.#reopenIfMoved();
      if (this.options.rotation === undefined) this.#writeLines(this.#lines.length);
      else this.#writeAndRotate(this.options.rotation);
      this.#recovered();
    } catch (error) {
      this.#troubled(error);
    }
  }

  /** Begins anew with the file of this name: after somebody moved the old one away. */
  reopen(): void {
    this.flush();
    this.#close();
    try {
      this.#open();
    } catch (error) {
      this.#troubled(error);
    }
  }

  close(): void {
    this.flush();
    this.#close();
  }

  #writeAndRotate(rotation: Rotation): void {
    while (this.#lines.length > 0) {
      this.#fd ??= this.#open();
      if (this.#size > 0 && rotation.isDue(this.#size + Buffer.byteLength(this.#lines[0]!), Date.now())) {
        this.#close();
        rotation.turnOver(this.path);
        this.#open();
      }
      this.#writeLines(1);
    }
  }

  #writeLines(count: number): void {
    this.#fd ??= this.#open();
    const text = this.#lines.slice(0, count).join('');
    const bytes = Buffer.from(text);
    let at = 0;
    while (at < bytes.length) at += writeSync(this.#fd, bytes, at);
    this.#size += bytes.length;
    this.#lines.splice(0, count);
    this.#keptBytes = Math.max(0, this.#keptBytes - text.length);
  }

  #open(): number {
    makeFolderSync(dirname(this.path));
    this.#fd = openSync(this.path, this.#mode, 0o644);
    this.#mode = 'a'; // whatever is opened later was begun by us
    this.#size = fstatSync(this.#fd).size;
    return this.#fd;
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #reopenIfMoved(): void {
    if (this.#fd === undefined) return;
    const [mine, theirs] = [fstatSync(this.#fd), statSync(this.path, { throwIfNoEntry: false })];
    if (theirs !== undefined && mine.ino === theirs.ino && mine.dev === theirs.dev) return;
    this.#close();
  }

  #troubled(error: unknown): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.options.onTrouble(`log file ${this.path} cannot be written: ${(error as Error).message}`);
  }

  #recovered(): void {
    if (!this.#isTroubled) return;
    this.#isTroubled = false;
    this.options.onTrouble(`log file ${this.path} can be written again, ${this.#dropped} lines were lost`);
    this.#dropped = 0;
  }
}
