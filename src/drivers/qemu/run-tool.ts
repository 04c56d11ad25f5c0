import execa from 'execa';

/** What a program printed and how it ended. */
export interface ToolResult {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment that QEMU's programs get: nothing that the daemon was told in confidence. */
export function cleanEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return { PATH: env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };
}

/**
 * Runs a program to its end and says how it went; rejects only if it could not be started, or with the signal's reason,
 * after it was killed.
 */
export async function runTool(
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ToolResult> {
  signal.throwIfAborted();
  const child = execa(program, argv, {
    env: cleanEnvironment(env),
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    stripFinalNewline: false,
  });
  const onAbort = () => child.kill('SIGKILL');
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const result = await child;
    signal.throwIfAborted();
    const code = (result as { code?: string }).code;
    if (code === 'ENOENT' || code === 'EACCES') throw new ToolMissingError(program);
    return { status: result.exitCode, stdout: result.stdout, stderr: result.stderr };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The host lacks a program. */
export class ToolMissingError extends Error {
  constructor(readonly program: string) {
    super(`program ${program} is not installed`);
    this.name = 'ToolMissingError';
  }
}
