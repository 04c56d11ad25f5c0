/** The data of a znode is not the record it should be. The message says what is wrong and names no path. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** A write would move a record between two states that we never connect. Thrown before anything is written. */
export class MoveError extends Error {
  override readonly name = 'MoveError';

  constructor(
    readonly what: string,
    readonly from: string,
    readonly to: string,
  ) {
    super(`a ${what} does not move from ${from} to ${to}`);
  }
}
