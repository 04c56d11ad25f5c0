/** A command that cannot be done, with the one line that says why. Exit status 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
