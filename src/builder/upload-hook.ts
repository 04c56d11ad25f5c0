import type { DriverTools } from '../drivers/driver';
import { type CommandResult, runCommand } from '../runtime/processes';

/** The post-upload hook did not say success: the cloud image is to be deleted. */
export class HookError extends Error {
  override readonly name = 'HookError';
}

/** Runs the hook (builder.md 8.3): no shell, exit status 0 is success, its output goes to the log. */
export async function runHook(
  program: string,
  args: readonly string[],
  tools: Pick<DriverTools, 'env' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const result = await run(program, args, tools, signal);
  const output = `${result.stdout}${result.stderr}`.trim();
  tools.log.info('post-upload hook ended', { program, args, exit_code: result.code, output: output.slice(-2000) });
  if (result.code !== 0) throw new HookError(`post-upload hook ended with ${result.code ?? result.signal}`);
}

async function run(
  program: string,
  args: readonly string[],
  tools: Pick<DriverTools, 'env'>,
  signal: AbortSignal,
): Promise<CommandResult> {
  try {
    return await runCommand({ file: program, args, env: tools.env }, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new HookError('post-upload hook could not be started', { cause: error });
  }
}
