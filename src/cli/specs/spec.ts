/**
 * A command as data: what `--help`, the manual, the shells' completion and the documentation say of it, what is parsed, and
 * which file runs it.
 */
export interface CommandSpec {
  readonly name: string;
  /** Text of the Python tool (cli.md 4.1, 10.2) where it has the command. */
  readonly summary: string;
  /** What else is to be known, in paragraphs. */
  readonly details?: readonly string[];
  /** Command lines with what they do. */
  readonly examples?: readonly (readonly [line: string, does: string])[];
  readonly args?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** What follows the command's name in its usage, where the arguments do not say it. */
  readonly usage?: string;
  /** File below `commands/`; its name if not given. */
  readonly module?: string;
  /** For programs, not for people: left out of help and documentation. */
  readonly hidden?: boolean;
}

/** What a shell may offer for a word. */
export const COMPLETIONS = [
  'node',
  'request',
  'image',
  'build',
  'provider',
  'label',
  'launcher',
  'job',
  'command',
  'file',
] as const;
export type Completion = (typeof COMPLETIONS)[number];

export interface ArgumentSpec {
  /** As shown in usage: `id`. */
  readonly name: string;
  readonly help: string;
  /** May be left out at the end of the line. */
  readonly optional?: boolean;
  /** The last one: takes all that follow. */
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
  readonly completes?: Completion;
}

export interface OptionSpec {
  /** In commander's notation: `--build-id <build-id>`. */
  readonly flags: string;
  readonly help: string;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string;
  /** May be given several times. */
  readonly repeats?: boolean;
  readonly completes?: Completion;
}

/** `--build-id` of `--build-id <build-id>`. */
export function longFlag({ flags }: Pick<OptionSpec, 'flags'>): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags.split(' ')[0]!;
}

/** `-f` of `-f, --follow`; undefined without one. */
export function shortFlag({ flags }: Pick<OptionSpec, 'flags'>): string | undefined {
  return /^-\w\b/.exec(flags)?.[0];
}

/** `<build-id>` or `[SECONDS]` as in its usage; undefined for a switch. */
export function valueOf({ flags }: Pick<OptionSpec, 'flags'>): string | undefined {
  return /[<[].*/.exec(flags)?.[0];
}
