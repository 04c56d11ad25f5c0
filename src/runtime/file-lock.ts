import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder';

/** A lock that is held. */
export interface FileLock {
  /** Lets go; with `remove` also deletes the file, safely: whoever waits for it notices and takes a new one. */
  release(options?: { readonly remove?: boolean }): Promise<void>;
}

/** `flock` reports a lock that somebody else holds by this exit status. */
const BUSY = 1;

/**
 * Waits for the machine-wide lock on a file, which is made if missing. It is the kernel's flock(2): whatever ends this
 * process, `kill -9` included, ends the lock, so there are no stale locks to judge. Excludes other processes and other
 * callers in this process alike. Rejects with the signal's reason.
 *
 * Node has no call for it: the `flock` program of util-linux locks the descriptor that it inherits, and the lock belongs
 * to the open file that the two share, so it stays ours when the program has ended.
 */
export async function lockFile(path: string, signal?: AbortSignal): Promise<FileLock> {
  for (;;) {
    const lock = await attempt(path, ['--exclusive', '3'], signal);
    if (lock !== undefined) return lock;
  }
}

/** The lock if it is free now, else undefined. */
export async function tryLockFile(path: string, signal?: AbortSignal): Promise<FileLock | undefined> {
  return attempt(path, ['--exclusive', '--nonblock', '3'], signal);
}

/** Runs `work` under the lock. */
export async function withFileLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await lockFile(path, signal);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function attempt(path: string, argv: readonly string[], signal?: AbortSignal): Promise<FileLock | undefined> {
  signal?.throwIfAborted();
  await makeFolder(dirname(path));
  const file = await open(path, 'a', 0o600);
  try {
    const status = await flock(file, argv, signal);
    // The holder before us may have removed the file: then ours is a lock on nothing that others can see.
    if (status === 0 && (await isStill(path, file))) return heldLock(path, file);
    if (status !== 0 && status !== BUSY) throw new Error(`flock ended with status ${status}`);
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

/** Files of all locks held by this process: Node closes one that nobody refers to, and with it would end the lock. */
const held = new Set<FileHandle>();

function heldLock(path: string, file: FileHandle): FileLock {
  held.add(file);
  return {
    release: async ({ remove = false } = {}) => {
      if (!held.delete(file)) return;
      try {
        if (remove) await unlink(path);
      } finally {
        await file.close();
      }
    },
  };
}

async function flock(file: FileHandle, argv: readonly string[], signal?: AbortSignal): Promise<number> {
  signal?.throwIfAborted();
  const child = spawn('flock', argv, { stdio: ['ignore', 'ignore', 'ignore', file.fd], detached: true });
  const onAbort = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal?.throwIfAborted();
    return code ?? -1;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

async function isStill(path: string, file: FileHandle): Promise<boolean> {
  const [mine, theirs] = await Promise.all([
    file.stat(),
    stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }),
  ]);
  return theirs !== undefined && mine.ino === theirs.ino && mine.dev === theirs.dev;
}
