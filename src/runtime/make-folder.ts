import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

interface Mode {
  /** Of every folder that is made; bits of the umask are taken off. */
  readonly mode?: number;
}

/**
 * Makes a folder and those above it, as far as they are not there. Rejects with the system's error. Unlike Node's own `recursive`,
 * which then never returns, also where the system says of a folder that is there that it is not (automounts, `/proc`).
 */
export async function makeFolder(path: string, options: Mode = {}): Promise<void> {
  try {
    await mkdir(path, options);
  } catch (error) {
    if (await stat(path).then((it) => it.isDirectory(), no)) return;
    if (!lacksParent(error, path)) throw error;
    await makeFolder(dirname(path), options);
    await mkdir(path, options).catch(async (again: unknown) => {
      if (!(await stat(path).then((it) => it.isDirectory(), no))) throw again;
    });
  }
}

/** The same at once. Throws the system's error. */
export function makeFolderSync(path: string, options: Mode = {}): void {
  try {
    mkdirSync(path, options);
  } catch (error) {
    if (isFolder(path)) return;
    if (!lacksParent(error, path)) throw error;
    makeFolderSync(dirname(path), options);
    try {
      mkdirSync(path, options);
    } catch (again) {
      if (!isFolder(path)) throw again; // else somebody was faster
    }
  }
}

function lacksParent(error: unknown, path: string): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function no(): boolean {
  return false;
}
