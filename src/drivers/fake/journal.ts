import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from './tables';
import { makeFolderSync } from '../../runtime/make-folder';

/**
 * The state of a cloud in one file, a JSON change per line. A change is written before the call that made it is answered,
 * so a cloud that is killed has lost nothing that a client was told. When most lines are outdated the file is written anew
 * beside the old one and renamed over it.
 */
export class Journal {
  readonly #path: string;
  #file: number | undefined;
  #lines = 0;
  #rewriteAt = 0;

  constructor(dir: string) {
    makeFolderSync(dir, { mode: 0o700 });
    this.#path = join(dir, 'state.jsonl');
  }

  /** What was written before, oldest first. A last line cut off by a crash was never answered and is left out. */
  read(): Change[] {
    const lines = textOf(this.#path).split('\n');
    lines.pop(); // empty, or cut off
    return lines.map((it) => JSON.parse(it) as Change);
  }

  /** Begins a file that holds the snapshot; later changes are added to it. */
  rewrite(snapshot: Iterable<Change>): void {
    const file = openSync(`${this.#path}.new`, 'w', 0o600);
    this.#lines = 0;
    for (const it of snapshot) this.#write(file, it);
    fsyncSync(file);
    renameSync(`${this.#path}.new`, this.#path);
    this.close();
    this.#file = file;
    this.#rewriteAt = 2 * this.#lines + 10_000;
  }

  /** True if it is time to `rewrite`. */
  add(change: Change): boolean {
    this.#write(this.#file!, change);
    return this.#lines >= this.#rewriteAt;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(file: number, change: Change): void {
    writeSync(file, `${JSON.stringify(change)}\n`);
    this.#lines += 1;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
