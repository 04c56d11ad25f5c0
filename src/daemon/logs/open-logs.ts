import winston from 'winston';
import type { Clock } from '../../runtime/clock';
import type { Fields, Logger } from '../../runtime/log';
import { redact } from '../../runtime/redact';
import type { LogRecord } from './format-record';
import { openHandler, type RecordTransport } from './handlers';
import type { LoggerPlan, LogPlan } from './log-plan';
import { type Level, SEVERITY_OF } from './severity';

/** The logs of a program. */
export interface Logs {
  readonly logger: Logger;
  /** The files that are written, in the order of the plan. */
  readonly files: readonly string[];
  /** Begins anew with all files: after they were moved away. */
  reopen(): void;
  /** Writes what waits, now; for a process that is about to end. */
  flush(): void;
  close(): void;
}

export interface LogStreams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Opens what the plan says. Throws if a file cannot be opened. */
export function openLogs(plan: LogPlan, streams: LogStreams, clock: Clock): Logs {
  const complain = (message: string) => void streams.stderr.write(`nodepool: ${message}\n`);
  const handlers = new Map<string, RecordTransport>();
  try {
    for (const [name, it] of plan.handlers) handlers.set(name, openHandler(it, { ...streams, clock, complain }));
  } catch (error) {
    for (const it of handlers.values()) it.close();
    throw error;
  }
  const all = [...handlers.values()];
  return {
    logger: wrap(new Routes(plan, handlers), clock, {}),
    files: all.flatMap((it) => it.file ?? []),
    reopen: () => all.forEach((it) => it.reopen()),
    flush: () => all.forEach((it) => it.flush()),
    close: () => all.forEach((it) => it.close()),
  };
}

/** The way of one logger's lines. winston lets the outputs alone decide on levels, so the least is kept beside. */
interface Route {
  readonly severity: number;
  readonly logger: winston.Logger;
}

/** The loggers of Python's hierarchy: for each name, the level that holds for it and the handlers that hear of it. */
class Routes {
  readonly #byName = new Map<string, Route>();
  /** Loggers that differ by nothing are one. */
  readonly #byHandlers = new Map<string, winston.Logger>();

  constructor(
    private readonly plan: LogPlan,
    private readonly handlers: ReadonlyMap<string, RecordTransport>,
  ) {}

  of(name: string): Route {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const { severity, handlers } = routeOf(this.plan, name);
    const key = JSON.stringify(handlers);
    const logger = this.#byHandlers.get(key) ?? this.#open(handlers);
    this.#byHandlers.set(key, logger);
    const route = { severity: handlers.length === 0 ? Infinity : severity, logger };
    this.#byName.set(name, route);
    return route;
  }

  #open(names: readonly string[]): winston.Logger {
    const transports = names.map((it) => this.handlers.get(it)!);
    return winston.createLogger({ level: 'debug', silent: transports.length === 0, transports });
  }
}

/** The level and the handlers for a name, by its own entry and those above it. */
export function routeOf(
  plan: LogPlan,
  name: string,
): { readonly severity: number; readonly handlers: readonly string[] } {
  let severity = 0;
  let isOpen = true;
  const handlers = new Set<string>();
  for (const it of lineage(plan, name)) {
    if (severity === 0) severity = it.level;
    if (isOpen) for (const handler of it.handlers) handlers.add(handler);
    if (!it.propagate) isOpen = false;
  }
  return { severity, handlers: [...handlers] };
}

/** From the logger itself to the root. */
function* lineage(plan: LogPlan, name: string): Generator<LoggerPlan> {
  for (let at = name; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const found = plan.loggers.get(at);
    if (found !== undefined) yield found;
  }
  yield plan.root;
}

const DEFAULT_NAME = 'nodepool';

function wrap(routes: Routes, clock: Clock, base: Fields): Logger {
  const ownName = typeof base['logger'] === 'string' ? base['logger'] : DEFAULT_NAME;
  const at = (level: Level) => (message: string, fields?: Fields) => {
    const name = typeof fields?.['logger'] === 'string' ? fields['logger'] : ownName;
    const { severity, logger } = routes.of(name);
    if (SEVERITY_OF[level] < severity) return;
    const shown = redact({ ...base, ...fields }) as Fields;
    const record: LogRecord = { wallMs: clock.wall(), level, name, message, fields: shown };
    logger.log({ level, message, record });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(routes, clock, { ...base, ...fields }),
  };
}
