import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';

/** The command line of the builder (cli.md 5). Paths are absolute. */
export interface BuilderArguments {
  readonly config: string;
  readonly secure: string | undefined;
  readonly logConfig: string | undefined;
  readonly pidFile: string;
  readonly debug: boolean;
  readonly foreground: boolean;
  readonly buildWorkers: number;
  readonly uploadWorkers: number;
}

/** What parsing ends with: the arguments, or the status to exit with after help, version or an error was printed. */
export type ParsedArguments = { readonly arguments: BuilderArguments } | { readonly exit: number };

interface Output {
  readonly version: string;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Reads the command line. Help and version go to stdout with status 0, mistakes to stderr with status 2 as in Python. */
export function parseArguments(argv: readonly string[], output: Output): ParsedArguments {
  let exit: number | undefined;
  const command = new Command('nodepool-builder')
    .description('NodePool Image Builder.')
    .option('-l <FILE>', 'path to log config file')
    .option('--version', 'show nodepool version')
    .option('-p <FILE>', 'path to pid file', '/var/run/nodepool/nodepool-builder.pid')
    .option('-d', 'do not run as a daemon with debug logging')
    .option('-f', 'do not run as a daemon')
    .option('-c <FILE>', 'path to config file', '/etc/nodepool/nodepool.yaml')
    .option('-s <FILE>', 'path to secure config file')
    .option('--build-workers <N>', 'number of build workers', workers, 1)
    .option('--upload-workers <N>', 'number of upload workers', workers, 4)
    .configureOutput({ writeOut: (text) => output.stdout.write(text), writeErr: (text) => output.stderr.write(text) })
    .exitOverride((error) => {
      exit = error.exitCode === 0 ? 0 : 2;
      throw error;
    });
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (exit === undefined) throw error;
    return { exit };
  }
  const options = command.opts<Options>();
  if (options.version === true) {
    output.stdout.write(`Nodepool version: ${output.version}\n`);
    return { exit: 0 };
  }
  return { arguments: toArguments(options) };
}

interface Options {
  readonly l?: string;
  readonly version?: boolean;
  readonly p: string;
  readonly d?: boolean;
  readonly f?: boolean;
  readonly c: string;
  readonly s?: string;
  readonly buildWorkers: number;
  readonly uploadWorkers: number;
}

function toArguments(options: Options): BuilderArguments {
  return {
    config: absolute(options.c),
    secure: options.s === undefined ? undefined : absolute(options.s),
    logConfig: options.l === undefined ? undefined : absolute(options.l),
    pidFile: absolute(options.p),
    debug: options.d === true,
    foreground: options.f === true || options.d === true,
    buildWorkers: options.buildWorkers,
    uploadWorkers: options.uploadWorkers,
  };
}

/** 0 is a builder that leaves this kind of work to others. */
function workers(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function absolute(path: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, homedir()));
}
