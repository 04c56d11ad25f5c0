import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { BACKGROUND_VARIABLE, type BackgroundMessage, type ProgramIo } from '../runtime/program';
import type { DaemonFlags } from './daemon-flags';
import { DaemonSetupError } from './setup-error';
import { makeFolderSync } from '../runtime/make-folder';

/**
 * Starts the program once more, in a session of its own without terminal, and waits until it says that it is up, or has ended.
 * Resolves with the status for this process. Node cannot fork: what is started reads its command line anew, in the
 * same working directory, before it leaves that.
 */
export async function startInBackground(
  name: string,
  argv: readonly string[],
  flags: DaemonFlags,
  io: ProgramIo,
): Promise<number> {
  const own = io.process;
  if (own === undefined) throw new DaemonSetupError('this process cannot go to the background: use -f');
  // What the runtime itself prints, as it dies, belongs into the log; with -l nobody knows which file that would be.
  const logFile = flags.logConfig === undefined ? flags.logFile : undefined;
  const output = logFile === undefined ? undefined : openLog(logFile);
  const [file, ...words] = own.command as [string, ...string[]];
  const child = spawn(file, [...words, ...argv], {
    detached: true,
    env: { ...io.env, [BACKGROUND_VARIABLE]: '1' } as NodeJS.ProcessEnv,
    stdio: ['ignore', output ?? 'ignore', output ?? 'ignore', 'ipc'],
  });
  if (output !== undefined) closeSync(output);
  const stop = () => child.kill('SIGTERM');
  io.stop.drain.addEventListener('abort', stop, { once: true });
  try {
    return await untilUp(child, name, logFile, io);
  } finally {
    io.stop.drain.removeEventListener('abort', stop);
  }
}

function openLog(file: string): number {
  try {
    makeFolderSync(dirname(file));
    return openSync(file, 'a', 0o644);
  } catch (error) {
    const why = (error as Error).message;
    throw new DaemonSetupError(
      `the log cannot be written: ${why}; make its folder, or name another place with --log-file or -l, or run with -f`,
    );
  }
}

function untilUp(child: ChildProcess, name: string, logFile: string | undefined, io: ProgramIo): Promise<number> {
  const hint = logFile === undefined ? '' : `, see ${logFile}`;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.on('message', (message: BackgroundMessage) => {
      if ('say' in message) {
        io.stderr.write(`${message.say}\n`);
        return;
      }
      child.unref();
      resolve(0);
    });
    child.once('exit', (code, signal) => {
      if (code === null || code > 1)
        io.stderr.write(`${name}: ended before it was up, by ${signal ?? `status ${code}`}${hint}\n`);
      resolve(code === null || code === 0 ? 1 : code);
    });
  });
}

/** What a daemon does to itself in the background (cli.md 7). */
export function leaveSurroundings(): void {
  process.chdir('/');
  process.umask(0);
}
