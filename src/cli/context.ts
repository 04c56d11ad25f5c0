import type { Config } from '../config/types';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { ProgramIo } from '../runtime/program';
import type { Random } from '../runtime/random';
import type { Store } from '../store/api';

/** The options that stand before the command. */
export interface GlobalOptions {
  readonly configFile: string;
  readonly secureFile: string | undefined;
  /** What is logged where; default: warnings to standard error, with `--debug` everything. */
  readonly logConfig: string | undefined;
  readonly debug: boolean;
  /** How long ZooKeeper may be out of reach; 0 = for ever. */
  readonly timeoutMs: number;
  /** The command with its arguments as given, for titles. */
  readonly commandLine: string;
}

/** What a command works with. */
export interface CommandContext {
  readonly io: ProgramIo;
  readonly global: GlobalOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** The whole configuration; throws `ConfigError`. */
  config(): Config;
  /** The store, once connected; opened when first asked for, and closed when the command is over. */
  store(): Promise<Store>;
  /** Writes to standard output; resolves when it is out. */
  print(text: string): Promise<void>;
  /** One line to standard error. */
  complain(line: string): void;
}

/** Arguments in the order of the spec. */
export type Arguments = readonly string[];
/** Options by their long name in camel case, as commander has them. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** What each file in `commands/` exports as `run`: resolves with the exit status. */
export type Command = (context: CommandContext, args: Arguments, options: Options) => Promise<number>;
