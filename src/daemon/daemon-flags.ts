import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

export type DaemonName = 'nodepool-launcher' | 'nodepool-builder' | 'nodepoold';

/** The command line of a daemon. Paths are absolute. */
export interface DaemonFlags {
  readonly config: string;
  readonly secure: string | undefined;
  readonly logConfig: string | undefined;
  readonly pidFile: string;
  readonly debug: boolean;
  readonly foreground: boolean;
  /** Where to log, if not as `-l` says; undefined: to standard output. */
  readonly logFile: string | undefined;
  readonly logFormat: 'text' | 'json';
  /** Where CPU profiles go; default: beside the log. */
  readonly profileDir: string | undefined;
  readonly repl: boolean;
  readonly webapp: boolean;
  readonly launches: boolean;
  readonly deletes: boolean;
  readonly builder: boolean;
  readonly images: boolean;
  readonly buildWorkers: number;
  readonly uploadWorkers: number;
  readonly fake: boolean;
}

/** One option: what is parsed, what `--help` says, and the page of options. */
export interface DaemonOption {
  readonly flags: string;
  readonly help: string;
  /** Which daemons take it. */
  readonly of: readonly DaemonName[];
  readonly kind?: 'path' | 'workers';
  readonly choices?: readonly string[];
  readonly default?: string | number | Readonly<Partial<Record<DaemonName, string>>>;
  /** More than `--help` says, for the page. */
  readonly note?: string;
  /** Where it is shown to hold, below `tests`. */
  readonly shownBy: string;
}

const ALL: readonly DaemonName[] = ['nodepool-launcher', 'nodepool-builder', 'nodepoold'];
const LAUNCHERS: readonly DaemonName[] = ['nodepool-launcher', 'nodepoold'];
const BUILDERS: readonly DaemonName[] = ['nodepool-builder', 'nodepoold'];

/** Options and their words are those of cli.md 5 and 11 where the Python daemons have them. */
export const DAEMON_OPTIONS: readonly DaemonOption[] = [
  {
    flags: '-l <FILE>',
    shownBy: 'integration/daemon/flags-in-force.test.ts',
    help: 'path to log config file',
    of: ALL,
    kind: 'path',
  },
  { flags: '--version', shownBy: 'unit/daemon/daemon-flags.test.ts', help: 'show nodepool version', of: ALL },
  {
    flags: '-p <FILE>',
    shownBy: 'unit/daemon/pid-file.test.ts',
    help: 'path to pid file',
    of: ALL,
    kind: 'path',
    default: {
      'nodepool-launcher': '/var/run/nodepool/nodepool.pid',
      'nodepool-builder': '/var/run/nodepool/nodepool-builder.pid',
      nodepoold: '/var/run/nodepool/nodepool.pid',
    },
    note: 'written in the background only, and held as a lock',
  },
  {
    flags: '-d',
    shownBy: 'unit/daemon/daemon-flags.test.ts',
    help: 'do not run as a daemon with debug logging',
    of: ALL,
  },
  { flags: '-f', shownBy: 'integration/daemon/flags-in-force.test.ts', help: 'do not run as a daemon', of: ALL },
  {
    flags: '-c <FILE>',
    shownBy: 'integration/daemon/background.test.ts',
    help: 'path to config file',
    of: ALL,
    kind: 'path',
    default: '/etc/nodepool/nodepool.yaml',
  },
  {
    flags: '-s <FILE>',
    shownBy: 'unit/daemon/daemon-flags.test.ts',
    help: 'path to secure file',
    of: LAUNCHERS,
    kind: 'path',
  },
  {
    flags: '-s <FILE>',
    shownBy: 'unit/daemon/daemon-flags.test.ts',
    help: 'path to secure config file',
    of: ['nodepool-builder'],
    kind: 'path',
  },
  {
    flags: '--repl',
    shownBy: 'unit/daemon/repl.test.ts',
    help: 'Start a REPL on port 3000',
    of: ALL,
    note: "Node's console on 127.0.0.1; it asks for a token that only the daemon's user can read",
  },
  {
    flags: '--log-file <FILE>',
    shownBy: 'integration/daemon/background.test.ts',
    help: 'where to log, in the foreground too if given',
    of: ALL,
    kind: 'path',
    default: {
      'nodepool-launcher': '/var/log/nodepool/nodepool.log',
      'nodepool-builder': '/var/log/nodepool/nodepool-builder.log',
      nodepoold: '/var/log/nodepool/nodepool.log',
    },
    note: 'else, with `-f` or `-d`, standard output; reopened when it was moved away; `-l` decides alone where it is given',
  },
  {
    flags: '--log-format <FORMAT>',
    shownBy: 'integration/daemon/background.test.ts',
    help: 'text or json, one object a line',
    of: ALL,
    choices: ['text', 'json'],
    default: 'text',
    note: '`-l` decides alone where it is given',
  },
  {
    flags: '--profile-dir <DIR>',
    shownBy: 'integration/daemon/flags-in-force.test.ts',
    help: 'where CPU profiles are written (default: beside the log, else the folder for temporary files)',
    of: ALL,
    kind: 'path',
  },
  {
    flags: '--no-webapp',
    shownBy: 'integration/daemon/background.test.ts',
    help: 'do not serve the status pages',
    of: LAUNCHERS,
  },
  {
    flags: '--no-launches',
    shownBy: 'integration/daemon/background.test.ts',
    help: 'accept no requests and launch no nodes',
    of: LAUNCHERS,
    note: 'deletions and the clean-up of clouds go on',
  },
  {
    flags: '--no-deletes',
    shownBy: 'integration/daemon/flags-in-force.test.ts',
    help: 'delete no nodes and no leaked instances',
    of: LAUNCHERS,
  },
  {
    flags: '--no-builder',
    shownBy: 'integration/daemon/flags-in-force.test.ts',
    help: 'do not build and upload images in this process',
    of: ['nodepoold'],
    note: 'then `nodepoold` is `nodepool-launcher`',
  },
  {
    flags: '--no-images',
    shownBy: 'integration/daemon/flags-in-force.test.ts',
    help: 'neither build nor upload images',
    of: ['nodepoold'],
    note: 'superseded images are cleaned up nevertheless',
  },
  {
    flags: '--build-workers <N>',
    shownBy: 'unit/daemon/daemon-flags.test.ts',
    help: 'number of build workers',
    of: BUILDERS,
    kind: 'workers',
    default: 1,
  },
  {
    flags: '--upload-workers <N>',
    shownBy: 'integration/builder/crash-table.test.ts',
    help: 'number of upload workers',
    of: BUILDERS,
    kind: 'workers',
    default: 4,
  },
  {
    flags: '--fake',
    shownBy: 'integration/daemon/background.test.ts',
    help: 'Do not actually run diskimage-builder (used for testing)',
    of: BUILDERS,
    note: 'every image is made by `host-tools/fake-image-create`, in a second',
  },
];

const DESCRIPTIONS: Readonly<Record<DaemonName, string>> = {
  'nodepool-launcher': 'Node pool.',
  'nodepool-builder': 'NodePool Image Builder.',
  nodepoold: 'Node pool: launcher and image builder in one process.',
};

export interface ParseTools {
  readonly version: string;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a command line. Help and version go to stdout with status 0, mistakes to stderr with status 2 as in Python; then there
 * is only the status to exit with.
 */
export function parseDaemonFlags(
  name: DaemonName,
  argv: readonly string[],
  tools: ParseTools,
): { readonly flags: DaemonFlags } | { readonly exit: number } {
  const command = new Command(name)
    .description(DESCRIPTIONS[name])
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => tools.stdout.write(text),
      writeErr: (text) => tools.stderr.write(text),
      outputError: (text, write) => write(`usage: ${name} [options]\n${name}: ${argparseWords(text)}\n`),
    })
    .exitOverride();
  const path = (text: string) => resolve(text.replace(/^~(?=\/|$)/, tools.env['HOME'] ?? '~'));
  for (const it of DAEMON_OPTIONS) if (it.of.includes(name)) command.addOption(toOption(it, name, path));
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exit: error.exitCode === 0 ? 0 : 2 };
  }
  const given = command.opts<Given>();
  if (given.version === true) {
    tools.stdout.write(`Nodepool version: ${tools.version}\n`);
    return { exit: 0 };
  }
  return { flags: toFlags(given, command.getOptionValueSource('logFile') === 'cli') };
}

/** What commander says in one line, and as Python's argparse would where that has words for it, as `nodepool` does. */
function argparseWords(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replace(/^error: unknown option '([^']*)'/, 'error: unrecognized arguments: $1')
    .replace(/^error: option '(\S+)[^']*' argument missing/, 'error: argument $1: expected one argument');
}

/** The default of an option for one daemon. */
export function defaultOf(option: DaemonOption, name: DaemonName): string | number | undefined {
  return typeof option.default === 'object' ? option.default[name] : option.default;
}

function toOption(spec: DaemonOption, name: DaemonName, path: (text: string) => string): Option {
  const option = new Option(spec.flags, spec.help);
  if (spec.choices !== undefined) option.choices([...spec.choices]);
  if (spec.kind === 'path') option.argParser(path);
  if (spec.kind === 'workers') option.argParser(workers);
  const value = defaultOf(spec, name);
  if (value !== undefined) option.default(value);
  return option;
}

/** 0 is a builder that leaves this kind of work to others. */
function workers(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

interface Given {
  readonly l?: string;
  readonly version?: boolean;
  readonly p: string;
  readonly d?: boolean;
  readonly f?: boolean;
  readonly c: string;
  readonly s?: string;
  readonly repl?: boolean;
  readonly logFile: string;
  readonly logFormat: 'text' | 'json';
  readonly profileDir?: string;
  readonly webapp?: boolean;
  readonly launches?: boolean;
  readonly deletes?: boolean;
  readonly builder?: boolean;
  readonly images?: boolean;
  readonly buildWorkers?: number;
  readonly uploadWorkers?: number;
  readonly fake?: boolean;
}

function toFlags(given: Given, isLogFileGiven: boolean): DaemonFlags {
  const foreground = given.f === true || given.d === true;
  return {
    config: given.c,
    secure: given.s,
    logConfig: given.l,
    pidFile: given.p,
    debug: given.d === true,
    foreground,
    logFile: foreground && !isLogFileGiven ? undefined : given.logFile,
    logFormat: given.logFormat,
    profileDir: given.profileDir,
    repl: given.repl === true,
    webapp: given.webapp !== false,
    launches: given.launches !== false,
    deletes: given.deletes !== false,
    builder: given.builder !== false,
    images: given.images !== false,
    buildWorkers: given.buildWorkers ?? 1,
    uploadWorkers: given.uploadWorkers ?? 4,
    fake: given.fake === true,
  };
}
