/** Levels of Python's logging by name; numbers in between are allowed. */
export const SEVERITIES: Readonly<Record<string, number>> = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARNING: 30,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
  FATAL: 50,
};

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** Our levels as Python's numbers. */
export const SEVERITY_OF: Readonly<Record<Level, number>> = { debug: 10, info: 20, warn: 30, error: 40 };

/** The least of our levels that passes a threshold; undefined if none does. */
export function levelFrom(severity: number): Level | undefined {
  return (Object.keys(SEVERITY_OF) as Level[]).find((it) => SEVERITY_OF[it] >= severity);
}
