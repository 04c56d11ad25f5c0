import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/**
 * Takes the kernel's lock (flock) on a file, without waiting. It ends with this process however that ends, so it can never
 * be stale. Node cannot call flock itself; util-linux's `flock` locks the file that it inherits from us, and the lock
 * belongs to that open file, not to the program. Undefined if somebody else holds it.
 */
export function tryLockFile(path: string): { release(): void } | undefined {
  const file = openSync(path, 'a', 0o600);
  const { status, error } = spawnSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', file] });
  if (status === 0) return { release: () => closeSync(file) };
  closeSync(file);
  if (error !== undefined) throw new Error('cannot run flock (package util-linux)', { cause: error });
  return undefined;
}
