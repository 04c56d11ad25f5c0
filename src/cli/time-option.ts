import { parseDuration } from '../views/duration';
import type { Options } from './context';
import { UsageError } from './failure';

/** Whole seconds of an option such as `--hold-time 2h`; undefined if it was not given. Throws a UsageError. */
export function secondsOption(options: Options, key: string, flag: string): number | undefined {
  const text = options[key];
  if (typeof text !== 'string') return undefined;
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds >= 1) return Math.trunc(seconds);
  throw new UsageError(`argument ${flag}: '${text}' is not a time of a second or more, like 90s, 15m, 2h, 1d`);
}

/** A whole number from 1 of an option such as `--count 2`. Throws a UsageError. */
export function countOption(options: Options, key: string, flag: string): number {
  const text = String(options[key]);
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new UsageError(`argument ${flag}: '${text}' is not a number from 1`);
}
