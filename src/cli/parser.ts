import { Argument, Command as Parser, CommanderError, Option } from 'commander';
import type { Options } from './context';
import { COMMANDS, type CommandSpec, GLOBAL_OPTIONS, type OptionSpec } from './specs';
import { longFlag, valueOf } from './specs/spec';

/** What a command line asks for. */
export type Parsed =
  | {
      readonly kind: 'run';
      readonly spec: CommandSpec;
      readonly args: string[];
      readonly options: Options;
      readonly global: Options;
    }
  /** `--help` and the like: print it and end with `status`. */
  | { readonly kind: 'print'; readonly text: string; readonly status: number }
  | { readonly kind: 'version' }
  /** What is wrong, to be told after the usage; `command` if it was known. */
  | { readonly kind: 'wrong'; readonly message: string; readonly command: CommandSpec | undefined };

/** Ours: commander would only count them. */
const EXCESS = 'nodepool.excessArguments';
const NO_TIME = 'nodepool.noTime';
/** What `--watch` takes. */
const SECONDS = /^\d+(\.\d+)?$/;
/** What was meant to be one: names of providers, images and requests do not begin with a digit and end with a unit. */
const TIME_LIKE = /^\d+([.,]\d*)?[a-z]*$|^\.\d+[a-z]*$/i;
const noTime = (text: string) => `argument --watch: '${text}' is not a time in seconds, like 5 or 0.5`;

/** Reads a command line; never throws. */
export function parse(argv: readonly string[]): Parsed {
  const out: string[] = [];
  let run: { readonly spec: CommandSpec; readonly args: string[]; readonly options: Options } | undefined;
  const parser = buildParser(
    (text) => out.push(text),
    (it) => (run = it),
  );
  try {
    parser.parse(joined(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    if (error.exitCode === 0) return { kind: 'print', text: out.join(''), status: 0 };
    // Without a command commander calls its help an error, which is told below.
    if (error.code !== 'commander.help') {
      return { kind: 'wrong', message: wording(error, argv), command: error.command };
    }
  }
  const global = parser.opts<Options>();
  if (global['version'] === true) return { kind: 'version' };
  // cli.md 2: on standard output, status 1.
  if (run === undefined) return { kind: 'print', text: parser.helpInformation(), status: 1 };
  return { kind: 'run', ...run, global };
}

/** What `--help` says: of a command, or of the whole. */
export function helpText(spec?: CommandSpec): string {
  const out: string[] = [];
  const parser = buildParser(
    (text) => out.push(text),
    () => undefined,
  );
  (parser.commands.find((it) => it.name() === spec?.name) ?? parser).outputHelp();
  return out.join('');
}

/** The line that stands before an error. */
export function usageLine(spec?: CommandSpec): string {
  return `usage: nodepool ${spec === undefined ? '[options] <command> ...' : `${spec.name} ${usageOf(spec)}`.trimEnd()}`;
}

/** What follows the command's name. */
export function usageOf(spec: CommandSpec): string {
  if (spec.usage !== undefined) return spec.usage;
  const options = (spec.options ?? []).length === 0 ? [] : ['[options]'];
  const args = (spec.args ?? []).map(({ name, optional, variadic }) => {
    const word = `${name}${variadic === true ? '...' : ''}`;
    return optional === true ? `[${word}]` : `<${word}>`;
  });
  return [...options, ...args].join(' ');
}

class ParseError extends CommanderError {
  constructor(
    { exitCode, code, message }: CommanderError,
    readonly command: CommandSpec | undefined,
  ) {
    super(exitCode, code, message);
  }
}

function buildParser(
  write: (text: string) => void,
  run: (it: { readonly spec: CommandSpec; readonly args: string[]; readonly options: Options }) => void,
): Parser {
  const parser = new Parser('nodepool')
    .description('Node pool.')
    .usage('[options] <command> ...')
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (it) => `${it.name()} ${it.usage()}`.trimEnd() })
    .commandsGroup('commands: valid commands')
    .configureOutput({ writeOut: write, writeErr: () => undefined, outputError: () => undefined })
    .exitOverride((error) => {
      throw new ParseError(error, undefined);
    });
  for (const it of GLOBAL_OPTIONS) parser.addOption(toOption(it));
  for (const spec of COMMANDS) {
    const command = parser
      .command(spec.name, { hidden: spec.hidden === true })
      .description([spec.summary, ...(spec.details ?? [])].join('\n\n'))
      .summary(spec.summary)
      .usage(usageOf(spec))
      .allowExcessArguments(true)
      .exitOverride((error) => {
        throw new ParseError(error, spec);
      });
    if (spec.examples !== undefined) command.addHelpText('after', () => exampleText(spec.examples!));
    for (const { name, optional, variadic, help, choices } of spec.args ?? []) {
      const word = `${name}${variadic === true ? '...' : ''}`;
      const argument = new Argument(optional === true ? `[${word}]` : `<${word}>`, help);
      command.addArgument(choices === undefined ? argument : argument.choices([...choices]));
    }
    for (const it of spec.options ?? []) command.addOption(toOption(it));
    command.action((...params: unknown[]) => {
      const args = (params.slice(0, spec.args?.length ?? 0) as (string | string[] | undefined)[])
        .flat()
        .filter((it) => it !== undefined);
      const excess = spec.args?.at(-1)?.variadic === true ? [] : command.args.slice(spec.args?.length ?? 0);
      if (excess.length > 0) {
        throw new ParseError(new CommanderError(1, EXCESS, `unrecognized arguments: ${excess.join(' ')}`), spec);
      }
      const options = command.opts<Options>();
      const every = options['watch'];
      if (typeof every === 'string' && every !== 'auto' && !SECONDS.test(every)) {
        throw new ParseError(new CommanderError(1, NO_TIME, noTime(every)), spec);
      }
      run({ spec, args, options });
    });
  }
  return parser;
}

function exampleText(examples: NonNullable<CommandSpec['examples']>): string {
  return `\nExamples:\n${examples.map(([line, does]) => `  ${line}\n      ${does}\n`).join('')}`.trimEnd();
}

function toOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.help);
  if (spec.choices !== undefined) option.choices([...spec.choices]);
  if (spec.repeats === true) option.argParser((value, before: string[] = []) => [...before, value]);
  if (spec.default !== undefined) option.default(spec.default);
  return spec.required === true ? option.makeOptionMandatory() : option;
}

/**
 * Joins what belongs together with `=`: the value of `--sort -state` is not the option `-s`, and `--watch` may be followed by
 * the command's argument, so that only what looks like a time belongs to it.
 */
function joined(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const words = argv.slice(0, end === -1 ? undefined : end);
  const out: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const [word, next] = [words[index]!, words[index + 1]];
    if (word === '--watch' && (next === undefined || !TIME_LIKE.test(next))) out.push('--watch=auto');
    else if (next !== undefined && TAKES_VALUE.has(word)) {
      out.push(`${word}=${next}`);
      index += 1;
    } else out.push(word);
  }
  return [...out, ...argv.slice(words.length)];
}

const TAKES_VALUE: ReadonlySet<string> = new Set(
  [...GLOBAL_OPTIONS, ...COMMANDS.flatMap((it) => it.options ?? [])]
    .filter((it) => valueOf(it) !== undefined && longFlag(it).startsWith('--'))
    .map(longFlag),
);

/** Python's argparse in place of commander's words, which say the same. */
function wording({ code, message, command }: ParseError, argv: readonly string[]): string {
  const text = message.replace(/^error: /, '');
  const quoted = /'([^']*)'/.exec(text)?.[1] ?? '';
  const hint = /\(Did you mean .*\?\)/.exec(text)?.[0];
  const more = hint === undefined ? '' : ` ${hint}`;
  switch (code) {
    case 'commander.unknownCommand':
      return `argument command: invalid choice: '${quoted}'${more || ` (choose from ${commandNames()})`}`;
    case 'commander.unknownOption':
      return `unrecognized arguments: ${quoted}${more}`;
    case EXCESS: {
      const watched = argv[argv.indexOf('--watch') + 1]!;
      return argv.includes('--watch') && text.endsWith(`: ${watched}`) ? noTime(watched) : text;
    }
    case 'commander.missingArgument':
      return `the following arguments are required: ${missing(command?.usage) ?? quoted}`;
    case 'commander.missingMandatoryOptionValue':
      return `the following arguments are required: ${quoted.split(' ')[0]}`;
    case 'commander.optionMissingArgument':
      return `argument ${flagName(quoted)}: expected one argument`;
    case 'commander.invalidArgument':
      return invalidChoice(text) ?? text;
    default:
      return text;
  }
}

/** Where the first argument may be left out, the usage names the one that may not. */
const missing = (usage: string | undefined) => /<([^.>]+)(?:\.\.\.)?>/.exec(usage ?? '')?.[1];

const commandNames = () =>
  COMMANDS.filter((it) => it.hidden !== true)
    .map((it) => it.name)
    .join(', ');
const flagName = (flags: string) => (valueOf({ flags }) === undefined ? flags : longFlag({ flags }));

function invalidChoice(text: string): string | undefined {
  const found =
    /(?:option|command-argument) (?:'([^']*)' argument|value) '([^']*)' is invalid(?: for argument '([^']*)')?\. Allowed choices are (.*)\.$/.exec(
      text,
    );
  if (found === null) return undefined;
  const [, flags, value, argument, choices] = found;
  const name = flags === undefined ? argument : flagName(flags);
  return `argument ${name}: invalid choice: '${value}' (choose from ${choices})`;
}
