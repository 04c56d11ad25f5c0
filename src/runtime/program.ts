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
}

/** What `src/<program>/command.ts` exports as `main`. Resolves with the exit status; prints its own errors as one clear line. */
export type Program = (argv: readonly string[], io: ProgramIo) => Promise<number>;
