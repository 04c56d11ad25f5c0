import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What to run with the terminal of this process. */
export interface ForegroundCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a program in our place: it has our terminal, input and output, and hears the signals of the terminal itself. Resolves
 * with its exit status, or 128 + the number of the signal that ended it. Rejects if it cannot be started (ENOENT, …).
 */
export function runInForeground({ file, args, env }: ForegroundCommand): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', env: { ...env } as NodeJS.ProcessEnv });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : signalNumber(signal))));
  });
}

function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}
