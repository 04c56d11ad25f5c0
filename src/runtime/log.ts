import winston from 'winston';
import { redact } from './redact';

/** Values that vary go into fields: `err`, `provider`, `node`, `request`, `image`, `event_id`, … */
export type Fields = Readonly<Record<string, unknown>>;

/** Messages at warn and error are constant, so that they group. */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A logger that adds `fields` to every line; `logger` in them names the part of the program. */
  child(fields: Fields): Logger;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `text`: `time LEVEL logger: message key=value`, as operators of the Python daemons know it; `json`: one object a line. */
  readonly format: 'text' | 'json';
  /** A file to append to; else `stream`. */
  readonly file?: string;
  /** Default: standard error. */
  readonly stream?: NodeJS.WritableStream;
}

/** The winston logger of a program. Fields whose names look like secrets are replaced before anything is written. */
export function createLogger(options: LogOptions): Logger {
  const transport =
    options.file === undefined
      ? new winston.transports.Stream({ stream: options.stream ?? process.stderr })
      : new winston.transports.File({ filename: options.file });
  const root = winston.createLogger({
    level: options.level,
    format: options.format === 'json' ? jsonFormat : textFormat,
    transports: [transport],
  });
  return wrap(root, {});
}

function wrap(target: winston.Logger, base: Fields): Logger {
  const at = (level: string) => (message: string, fields?: Fields) => {
    if (target.isLevelEnabled(level)) target.log({ level, message, ...(redact({ ...base, ...fields }) as object) });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(target, { ...base, ...fields }),
  };
}

const stamp = winston.format.timestamp();
const jsonFormat = winston.format.combine(stamp, winston.format.json());

const textFormat = winston.format.combine(
  stamp,
  winston.format.printf((info) => {
    const { timestamp, level, message, logger, err, ...fields } = info as Record<string, unknown>;
    const time = String(timestamp).replace('T', ' ').replace('.', ',').replace('Z', '');
    const prefix = `${time} ${String(level).toUpperCase()} ${typeof logger === 'string' ? logger : 'nodepool'}:`;
    const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
    const tail = pairs.map(([key, value]) => ` ${key}=${scalar(value)}`).join('');
    const trouble = err === undefined ? '' : `\n${errorText(err)}`;
    return `${String(message)}${tail}${trouble}`
      .split('\n')
      .map((line, index) => (index === 0 ? `${prefix} ${line}` : `${prefix}   ${line}`))
      .join('\n');
  }),
);

function scalar(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  if (typeof value === 'bigint') return value.toString();
  return JSON.stringify(value) ?? 'undefined';
}

function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return String(err);
  const { stack, message, cause } = err as { stack?: string; message?: string; cause?: unknown };
  const own = stack ?? message ?? JSON.stringify(err);
  return cause === undefined ? own : `${own}\ncaused by: ${errorText(cause)}`;
}
