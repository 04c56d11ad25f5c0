import type { FileHandle } from 'node:fs/promises';
import type { BuilderContext } from './context';
import type { BuildFailure } from './events';
import type { ImageOrder } from './make-image';
import { shellWords } from './shell-words';
import { runTool, type ToolEnd } from './tool-run';

/** What a check is about: `env` is added to the builder's environment, `args` to the command's words. */
export interface Check {
  /** As configured; split as a shell would, no shell involved. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What the messages call it: `deb.qcow2`. */
  readonly what: string;
  readonly timeoutSeconds: number;
}

/**
 * Runs `validate` of a diskimage for each file of a new build, one after the other; its output goes to the build's log.
 * Every file goes into service, so every file must pass. Undefined if all did; the first failure otherwise, with cause
 * `validation` unless it was stopped from outside.
 */
export async function validateImage(
  context: BuilderContext,
  order: ImageOrder,
  log: FileHandle,
  signal: AbortSignal,
): Promise<BuildFailure | undefined> {
  const { key, image } = order;
  if (image.validate === undefined) return undefined;
  for (const format of [...order.formats].sort()) {
    const file = context.folder.file(key, format);
    const check: Check = {
      command: image.validate,
      args: [file],
      env: {
        NODEPOOL_IMAGE: key.image,
        NODEPOOL_BUILD_ID: key.build,
        NODEPOOL_IMAGE_FORMAT: format,
        NODEPOOL_IMAGE_FILE: file,
      },
      what: `${key.image}.${format}`,
      timeoutSeconds: image.buildTimeout,
    };
    const failure = await runCheck(context, check, log, signal);
    if (failure !== undefined) return failure;
    if (signal.aborted) return undefined; // whoever asks looks at the signal next
  }
  return undefined;
}

/**
 * Runs one check in the builder's namespaces, so that nothing of it outlives the builder. Undefined when it passed, or when
 * the signal ended it.
 */
export async function runCheck(
  context: Pick<BuilderContext, 'sandbox' | 'tools'>,
  check: Check,
  log: FileHandle,
  signal: AbortSignal,
): Promise<BuildFailure | undefined> {
  const { clock, env } = context.tools;
  const [file, ...args] = [...context.sandbox, ...shellWords(check.command), ...check.args];
  await note(log, `Validation of ${check.what}: ${check.command}`);
  const end = await runTool(
    { file: file!, args, env: { ...env, ...check.env }, outputFd: log.fd },
    { clock, timeoutMs: check.timeoutSeconds * 1000 },
    signal,
  );
  const failure = failureOf(end, check);
  await note(
    log,
    failure === undefined ? `Validation of ${check.what} ended` : `Validation failed: ${failure.message}`,
  );
  return failure;
}

function failureOf(end: ToolEnd, { what, timeoutSeconds }: Check): BuildFailure | undefined {
  switch (end.kind) {
    case 'aborted':
      return undefined;
    case 'timeout':
      return { cause: 'validation', message: `validation of ${what} not done after ${timeoutSeconds} s` };
    case 'not-started':
      return { cause: 'validation', message: `validation of ${what} cannot be started: ${end.error.message}` };
    case 'exited': {
      const { code, signal } = end.end;
      if (code === 0) return undefined;
      const message = `validation of ${what} ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}`;
      return { cause: 'validation', message, ...(code === null ? {} : { exitCode: code }) };
    }
  }
}

/** A full disk must not hide the outcome. */
async function note(log: FileHandle, line: string): Promise<void> {
  await log.appendFile(`*** ${line}\n`).catch(() => undefined);
}
