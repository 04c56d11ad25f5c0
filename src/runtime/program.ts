/**
 * A program is a function from its arguments and its surroundings to an exit status, so that tests run ten in one process.
 * `process.on` and `process.exit` live in `bin/` alone.
 */
export interface StopSignals {
  /** Take on nothing new, finish what is in hand, release everything, go (first INT or TERM). */
  readonly drain: AbortSignal;
  /** Abandon what is in hand, release locks, go (second INT or TERM). Also aborts `drain`. */
  readonly now: AbortSignal;
}

export interface ProgramIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stop: StopSignals;
  /** Calls back on SIGHUP and SIGUSR2, the ones that do not stop. Returns how to stop listening. */
  onSignal(signal: 'SIGHUP' | 'SIGUSR2', listener: () => void): () => void;
  /** Where the program is a process of its own: what it may do with that. Absent where several share one. */
  readonly process?: OwnProcess;
}

/** What stands around a program that is a process of its own. */
export interface OwnProcess {
  /** The words that start it once more, before its arguments. */
  readonly command: readonly string[];
  /** The one that started us in the background and waits on the terminal; absent in the foreground. */
  readonly parent?: BackgroundParent;
  /** Called when an error that nobody caught ends the process, just before. */
  onCrash(listener: (error: unknown) => void): void;
}

export interface BackgroundParent {
  /** A line for the terminal. */
  say(line: string): void;
  /** We are up: it may go, with status 0. */
  up(): void;
}

/** What a background child tells its parent, over the channel of the two. */
export type BackgroundMessage = { readonly say: string } | { readonly up: true };

/** Set for a child that is to run in the background; taken out of its environment at once. */
export const BACKGROUND_VARIABLE = 'NODEPOOL_IN_BACKGROUND';

/** What `src/<program>/command.ts` exports as `main`. Resolves with the exit status; prints its own errors as one clear line. */
export type Program = (argv: readonly string[], io: ProgramIo) => Promise<number>;
