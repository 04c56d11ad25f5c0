import type { Verdict } from './schema-atoms';

/** Where something stands in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Keys and list indexes from the top of the file. */
export type KeyPath = readonly (string | number)[];

/**
 * Something to say about a configuration file. Messages hold names and kinds of values but never a value that might be
 * secret. Whether it turns the file away depends on who asks, see `Verdict`.
 */
export interface Problem extends Verdict {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Like `providers[0].pools[1].max-servers`; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
  readonly expected?: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** A file that cannot be used. `problems` holds everything found in it, warnings included. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(
    readonly problems: readonly Problem[],
    options?: ErrorOptions,
  ) {
    super(
      problems
        .filter((it) => it.atLoad === 'error')
        .map(problemLine)
        .join('\n'),
      options,
    );
  }
}

/** One line: `file:line:column: key: message (expected …) [hint]`. */
export function problemLine(problem: Problem): string {
  const { file, line, column, key, message, expected, hint } = problem;
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const wanted = expected === undefined ? '' : `; expected ${expected}`;
  const advice = hint === undefined ? '' : ` (${hint})`;
  return `${place}: ${key === '' ? '' : `${key}: `}${message}${wanted}${advice}`;
}

/** `['pools', 0, 'name']` as `pools[0].name`. */
export function keyText(path: KeyPath): string {
  return path.map((it, index) => (typeof it === 'number' ? `[${it}]` : `${index === 0 ? '' : '.'}${it}`)).join('');
}
