import { type ChildProcess, spawn } from 'node:child_process';
import { activities } from './activities';

/** What to run. No shell is involved. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment; a variable that is undefined is left out. Values reach the child only, never a command line. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Descriptor for stdout and stderr together; default: thrown away. */
  readonly outputFd?: number;
}

/** How a process ended: a status, or the signal that killed it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child that leads a process group of its own, so that all that it started can be ended with it. */
export interface ProcessGroup {
  readonly pid: number;
  /** Resolves when the leader has exited, whoever else still holds its output; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** SIGKILL, or another signal, to the whole group. Nobody left to hear it is fine. */
  kill(signal?: NodeJS.Signals): void;
}

/** Starts a process group, stdin empty. Rejects if the program cannot be started (ENOENT, EACCES, …). */
export async function startGroup(command: Command): Promise<ProcessGroup> {
  const child = spawn(command.file, command.args, {
    detached: true, // setsid: a group, and no terminal to be stopped by
    env: { ...command.env } as NodeJS.ProcessEnv,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    stdio: ['ignore', command.outputFd ?? 'ignore', command.outputFd ?? 'ignore'],
  });
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const pid = await started(child);
  const activity = activities.begin('process', { file: command.file, pid });
  void ended.then(() => activity.end());
  return { pid, ended, kill: (signal = 'SIGKILL') => killGroup(pid, signal) };
}

function started(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid!));
  });
}

/** Signals a process group; true if anybody was there. */
export function killGroup(pid: number, signal: NodeJS.Signals): boolean {
  return tryKill(-pid, signal);
}

/** Signals one process; true if it was there. */
export function killProcess(pid: number, signal: NodeJS.Signals): boolean {
  return tryKill(pid, signal);
}

function tryKill(target: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

export interface CommandResult extends ProcessEnd {
  /** Of stdout and stderr each at most this many bytes are kept: the last ones. */
  readonly stdout: string;
  readonly stderr: string;
}

const KEPT_BYTES = 1024 * 1024;

/**
 * Runs a short program to its end and returns what it printed; any exit status is a result. Rejects if it cannot be started,
 * and with the signal's reason on abort, after the program's whole group was killed.
 */
export async function runCommand(command: Command, signal?: AbortSignal): Promise<CommandResult> {
  signal?.throwIfAborted();
  const child = spawn(command.file, command.args, {
    detached: true,
    env: { ...command.env } as NodeJS.ProcessEnv,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [tailOf(child.stdout), tailOf(child.stderr)];
  const closed = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, exitSignal) => resolve({ code, signal: exitSignal }));
  });
  const onAbort = () => {
    if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const activity = activities.begin('process', { file: command.file, pid: child.pid });
  try {
    const end = await closed;
    signal?.throwIfAborted();
    return { ...end, stdout: stdout(), stderr: stderr() };
  } finally {
    activity.end();
    signal?.removeEventListener('abort', onAbort);
  }
}

function tailOf(stream: NodeJS.ReadableStream): () => string {
  let kept = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-KEPT_BYTES);
  });
  return () => kept.toString('utf8');
}
