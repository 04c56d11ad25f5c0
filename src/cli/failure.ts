/** A command that cannot be done, with the one line that says why. Exit status 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** The command line itself makes no sense: told with its usage, exit status 2. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}
