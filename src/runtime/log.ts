import winston from 'winston';
import { systemClock } from './clock';
import { errorText, messageText, prefixLines, timeText } from './log-text';
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

/** How levels are written in lines, which are Python's words. */
export const LEVEL_NAMES: Readonly<Record<string, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
};

const jsonFormat = winston.format.combine(winston.format.timestamp(), winston.format.json());

const textFormat = winston.format.printf((info) => {
  const { level, message, ...fields } = info as unknown as { level: string; message: string } & Record<string, unknown>;
  const name = typeof fields['logger'] === 'string' ? fields['logger'] : 'nodepool';
  const prefix = `${timeText(systemClock.wall())} ${LEVEL_NAMES[level] ?? level} ${name}: `;
  const trouble = fields['err'] === undefined ? '' : `\n${errorText(fields['err'])}`;
  return prefixLines(prefix, messageText(message, fields) + trouble);
});
