import { chmod, readFile, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import type { Clock } from '../runtime/clock';
import { deadline } from '../runtime/deadline';
import { type FileLock, tryLockFile } from '../runtime/file-lock';
import { DaemonSetupError } from './setup-error';

export interface PidFile {
  /** Lets others have it; the file goes. */
  release(): Promise<void>;
}

export interface PidFileTools {
  readonly clock: Clock;
  /** Own process id, to be written. */
  readonly pid: number;
  /** The words of a running process's command line; undefined if there is none of that id, empty if nobody can tell. */
  readonly commandOf: (pid: number) => readonly string[] | undefined;
}

/** How long a daemon waits for another one to let go (cli.md 7). */
const PATIENCE_MS = 10_000;
const RETRY_MS = 200;

/**
 * Takes the pid file (cli.md 7). It is locked by the kernel, so a process that ends in any way lets it go; the number in it
 * is for people, and for daemons that lock by its mere presence, as the Python ones: one that runs is respected. A number
 * that belongs to nobody, or to some other program since, is stale. Throws a DaemonSetupError when somebody has it for longer
 * than 10 s, or when the file cannot be made.
 */
export async function takePidFile(path: string, tools: PidFileTools, signal: AbortSignal): Promise<PidFile> {
  const limit = deadline(PATIENCE_MS, 'waiting for the pid file', tools.clock);
  try {
    for (;;) {
      signal.throwIfAborted();
      const lock = await locked(path);
      const holder = await holderOf(path, tools, lock !== undefined);
      if (lock !== undefined && holder === undefined) return await written(path, lock, tools);
      await lock?.release();
      if (limit.signal.aborted) throw new DaemonSetupError(conflict(path, holder));
      await tools.clock.sleep(RETRY_MS, signal);
    }
  } finally {
    limit.cancel();
  }
}

async function locked(path: string): Promise<FileLock | undefined> {
  try {
    return await tryLockFile(path);
  } catch (error) {
    const why = (error as Error).message;
    throw new DaemonSetupError(
      `the pid file ${path} cannot be made: ${why}; make its folder, or name another place with -p, or run with -f`,
    );
  }
}

/** Whose file it is, if he lives. Of a file that somebody else has locked, whatever it says. */
async function holderOf(path: string, tools: PidFileTools, isLocked: boolean): Promise<number | undefined> {
  // A file that cannot be read names nobody.
  const pid = Number(/^\s*(\d+)\s*$/.exec(await readFile(path, 'utf8').catch(() => ''))?.[1] ?? NaN);
  if (!isLocked) return pid;
  if (!Number.isInteger(pid) || pid <= 0 || pid === tools.pid) return undefined;
  const command = tools.commandOf(pid);
  return command !== undefined && (command.length === 0 || isDaemon(command)) ? pid : undefined;
}

/** `python3 /usr/bin/nodepool-launcher …`, `node …/bin/nodepoold …`. */
function isDaemon(command: readonly string[]): boolean {
  return command
    .slice(0, 4)
    .some((it) => /(?:^|\/)(?:nodepool-launcher|nodepool-builder|nodepoold)(?:\.\w+)?$/.test(it));
}

function conflict(path: string, holder: number | undefined): string {
  const who = holder === undefined || Number.isNaN(holder) ? 'another process' : `process ${holder}`;
  return `the pid file ${path} is held by ${who}: is the daemon running already? Stop it, or name another file with -p`;
}

async function written(path: string, lock: FileLock, { pid }: PidFileTools): Promise<PidFile> {
  try {
    await writeFile(path, `${pid}\n`);
    await chmod(path, 0o644);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return { release: () => lock.release({ remove: true }) };
}

/** From /proc; where there is none, only whether the process lives. */
export function commandOfProcess(pid: number): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return isAlive(pid) ? [] : undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'; // not ours to signal, but there
  }
}
