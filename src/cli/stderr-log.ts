import type { Clock } from '../runtime/clock';
import type { Fields, Logger } from '../runtime/log';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

/**
 * A logger for commands: `time LEVEL logger: message key=value` on standard error (cli.md 2). Commands live for a moment
 * and must start fast, so this does without the daemons' logging library.
 */
export function stderrLog(stderr: NodeJS.WritableStream, clock: Clock, least: Level, base: Fields = {}): Logger {
  const at =
    (level: Level) =>
    (message: string, fields: Fields = {}) => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
      const { logger = 'nodepool', ...rest } = { ...base, ...fields };
      const pairs = Object.entries(rest).map(([key, value]) => ` ${key}=${fieldText(value)}`);
      const time = new Date(clock.wall()).toISOString().replace('T', ' ').replace('.', ',').replace('Z', '');
      stderr.write(`${time} ${level.toUpperCase()} ${String(logger)}: ${message}${pairs.join('')}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => stderrLog(stderr, clock, least, { ...base, ...fields }),
  };
}

/** Errors by their message only: what hangs on them may hold secrets. */
function fieldText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(`${value.name}: ${value.message}`);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  if (typeof value === 'object' && value !== null) return '{…}';
  return String(value);
}
