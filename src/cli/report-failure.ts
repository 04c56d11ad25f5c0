import type { ProgramIo } from '../runtime/program';

/** One clear line for what went wrong (more for a configuration with several problems); the stack only with `--debug`. */
export function reportFailure(error: unknown, io: ProgramIo, debug: boolean): number {
  if (io.stop.drain.aborted) {
    io.stderr.write('nodepool: interrupted\n');
    return 130;
  }
  for (const line of failureText(error).split('\n')) io.stderr.write(`nodepool: error: ${line}\n`);
  if (debug) io.stderr.write(`${stackText(error)}\n`);
  return 1;
}

function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'ZkError') return `ZooKeeper: ${error.message}`;
  return error.message === '' ? error.name : error.message;
}

function stackText(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackText(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
