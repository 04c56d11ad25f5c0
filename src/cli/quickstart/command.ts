import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { DeadlineError } from '../../runtime/deadline';
import type { Program } from '../../runtime/program';
import { DaemonEndedError } from './daemon';
import type { QuickstartOptions } from './options';
import { runQuickstart } from './run';
import { StageFailedError } from './watch-pool';

/** `bin/quickstart` after its set-up. Exit status 0 when all of it worked and nothing is left behind. */
export const main: Program = async (argv, io) => {
  let options: QuickstartOptions;
  try {
    options = parse(argv, io.stdout, io.stderr);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
  try {
    await runQuickstart(options, io);
    return 0;
  } catch (error) {
    if (io.stop.drain.aborted) {
      io.stderr.write('stopped\n');
      return 130;
    }
    io.stderr.write(`error: ${explain(error)}\n`);
    return 1;
  }
};

/** Errors whose message says all that there is to say. */
const TOLD = [StageFailedError, DaemonEndedError, DeadlineError];

/** What `await using` throws when a body and its ending both failed. */
function isSuppressed(error: unknown): error is { readonly error: unknown; readonly suppressed: unknown } {
  return error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error;
}

function parse(
  argv: readonly string[],
  stdout: NodeJS.WritableStream,
  stderr: NodeJS.WritableStream,
): QuickstartOptions {
  const command = new Command('bin/quickstart')
    .description('Builds a real image, boots machines from it, asks for a node and logs in.')
    .option('--once', 'take everything down again and exit', false)
    .option('--simulated', 'a simulated cloud: needs neither root nor QEMU', false)
    .option('--zookeeper <host:port>', 'use this ZooKeeper instead of a private one', hostAndPort)
    .option('--min-ready <n>', 'spare nodes to keep', positive, 2)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });
  const flags = command
    .parse([...argv], { from: 'user' })
    .opts<{ once: boolean; simulated: boolean; zookeeper?: string; minReady: number }>();
  return { ...flags, zookeeper: flags.zookeeper, home: join(__dirname, '..', '..', '..') };
}

function hostAndPort(text: string): string {
  if (/^[^\s,/]+:\d+(\/\S*)?$/.test(text)) return text;
  throw new InvalidArgumentError('expected HOST:PORT or HOST:PORT/CHROOT');
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 4) return value;
  throw new InvalidArgumentError('expected a number from 1 to 4');
}

function explain(error: unknown): string {
  // What failed first, then what failed while taking things down.
  if (isSuppressed(error)) return [error.suppressed, error.error].map(explain).join('\n  ');
  if (TOLD.some((kind) => error instanceof kind)) return (error as Error).message;
  if (error instanceof AggregateError) return [error.message, ...error.errors.map(explain)].join('\n  ');
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}
