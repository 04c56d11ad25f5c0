/** What is logged where: the meaning of a log configuration file, or of the options that stand for one. */
export interface LogPlan {
  readonly handlers: ReadonlyMap<string, HandlerPlan>;
  /** By name; the root is not among them. */
  readonly loggers: ReadonlyMap<string, LoggerPlan>;
  readonly root: LoggerPlan;
}

export interface LoggerPlan {
  /** Python's number; 0 takes that of the parent. */
  readonly level: number;
  /** Keys of `handlers`. */
  readonly handlers: readonly string[];
  /** Whether the handlers of the parents hear of it, too. */
  readonly propagate: boolean;
}

export interface HandlerPlan {
  /** Least severity it takes; Python's number. */
  readonly level: number;
  readonly formatter: FormatterPlan;
  readonly to: Destination;
}

export type Destination =
  | { readonly kind: 'stream'; readonly stream: 'stdout' | 'stderr' }
  | { readonly kind: 'null' }
  | FileDestination
  | SyslogDestination;

export interface FileDestination {
  readonly kind: 'file';
  readonly path: string;
  /** `w` empties the file at the start. */
  readonly mode: 'a' | 'w';
  /** Open at the first line. */
  readonly delay: boolean;
  /** Look before each write whether somebody moved the file away. */
  readonly watched: boolean;
  readonly rotation?: SizeRotation | TimeRotation;
}

export interface SizeRotation {
  readonly by: 'size';
  readonly maxBytes: number;
  readonly backupCount: number;
}

export interface TimeRotation {
  readonly by: 'time';
  /** `W` begins a week on `weekday`, 0 being Monday as in Python. */
  readonly when: 'S' | 'M' | 'H' | 'D' | 'MIDNIGHT' | 'W';
  readonly weekday?: number;
  readonly interval: number;
  readonly backupCount: number;
  readonly utc: boolean;
}

export interface SyslogDestination {
  readonly kind: 'syslog';
  readonly address: string | { readonly host: string; readonly port: number };
  /** Number of the facility, not shifted. */
  readonly facility: number;
  readonly transport: 'udp' | 'tcp';
  /** In front of each message. */
  readonly ident: string;
}

export type FormatterPlan =
  | { readonly kind: 'json' }
  | {
      readonly kind: 'text';
      readonly style: '%' | '{' | '$';
      readonly format: string;
      /** strftime; default: Python's, with milliseconds. */
      readonly datefmt?: string;
      /** Repeat the prefix in each line of a message. */
      readonly everyLine: boolean;
    };

/** The format of cli.md 8. */
export const DEFAULT_FORMATTER: FormatterPlan = {
  kind: 'text',
  style: '%',
  format: '%(asctime)s %(levelname)s %(name)s: %(message)s',
  everyLine: true,
};

/** What Python uses where a handler names no formatter. */
export const BARE_FORMATTER: FormatterPlan = { kind: 'text', style: '%', format: '%(message)s', everyLine: false };

/** Without a log configuration file (cli.md 8): one handler for everything. */
export function plainPlan(options: {
  readonly debug: boolean;
  readonly json: boolean;
  readonly to: Destination;
}): LogPlan {
  const formatter: FormatterPlan = options.json ? { kind: 'json' } : DEFAULT_FORMATTER;
  const quiet: LoggerPlan = { level: 30, handlers: [], propagate: true };
  return {
    handlers: new Map([['main', { level: 0, formatter, to: options.to }]]),
    loggers: new Map([
      ['nodepool', { level: options.debug ? 10 : 20, handlers: [], propagate: true }],
      ['kazoo', quiet],
      ['openstack', quiet],
      ['requests', quiet],
    ]),
    root: { level: 30, handlers: ['main'], propagate: true },
  };
}
