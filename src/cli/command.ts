import { packageVersion } from '../runtime/package-version';
import type { Program, ProgramIo } from '../runtime/program';
import { Scope } from '../runtime/scope';
import type { GlobalOptions, Options } from './context';
import { UsageError } from './failure';
import { loadCommand, loadContext } from './load-command';
import { DEFAULT_CONFIG_FILE } from './own-command';
import { parse, type Parsed, usageLine } from './parser';
import { reportFailure } from './report-failure';
import type { CommandSpec } from './specs';

/**
 * `nodepool`. Exit status 0 when the command finished, also with the "not found" of commands that Python's tool has; 1 when it
 * failed, when the file is not valid, and without a command; 2 for bad arguments (cli.md 2).
 */
export const main: Program = async (argv, io) => {
  const parsed = parse(argv);
  if (parsed.kind === 'version') return printVersion(io);
  if (parsed.kind === 'wrong') return complain(io, parsed.message, parsed.command);
  if (parsed.kind === 'print') {
    await write(io.stdout, parsed.text);
    return parsed.status;
  }
  const { spec } = parsed;
  const global = globalOptions(parsed.global);
  if (Number.isNaN(global.timeoutMs)) return complain(io, 'argument --timeout: not a number of seconds', undefined);
  return runCommand(parsed, { ...global, commandLine: titleOf(argv, spec) }, io);
};

async function runCommand(
  { spec, args, options }: Extract<Parsed, { readonly kind: 'run' }>,
  global: GlobalOptions,
  io: ProgramIo,
): Promise<number> {
  try {
    await using scope = new Scope();
    return await loadCommand(spec.module ?? spec.name)(loadContext().openContext(global, io, scope), args, options);
  } catch (error) {
    if (error instanceof UsageError && !io.stop.drain.aborted) return complain(io, error.message, spec);
    return reportFailure(error, io, global.debug);
  }
}

/** As argparse: usage, then what is wrong. */
function complain(io: ProgramIo, message: string, spec: CommandSpec | undefined): number {
  const program = spec === undefined ? 'nodepool' : `nodepool ${spec.name}`;
  io.stderr.write(`${usageLine(spec)}\n${program}: error: ${message}\n`);
  return 2;
}

function globalOptions(given: Options): Omit<GlobalOptions, 'commandLine'> {
  const text = (key: string) => (typeof given[key] === 'string' ? given[key] : undefined);
  return {
    configFile: text('c') ?? DEFAULT_CONFIG_FILE,
    secureFile: text('s'),
    logConfig: text('l'),
    debug: given['debug'] === true,
    timeoutMs: Number(text('timeout') ?? 30) * 1000,
  };
}

/** The command with what follows it. */
function titleOf(argv: readonly string[], { name }: CommandSpec): string {
  return argv.slice(Math.max(0, argv.indexOf(name))).join(' ');
}

async function printVersion(io: ProgramIo): Promise<number> {
  await write(io.stdout, `Nodepool version: ${packageVersion()}\n`);
  return 0;
}

const write = (out: NodeJS.WritableStream, text: string) =>
  new Promise<void>((done) => void out.write(text, () => done()));
