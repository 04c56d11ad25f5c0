import { systemClock } from '../../runtime/clock';
import type { Logger } from '../../runtime/log';
import type { Scope } from '../../runtime/scope';
import { type LogStreams, openLogs } from './open-logs';
import { readLogFile } from './read-log-file';

/** The log of a command that was given `-l FILE`; closed by `scope`. Throws a ConfigError. */
export function configuredLog(file: string, streams: LogStreams, scope: Scope): Logger {
  return scope.own(openLogs(readLogFile(file), streams, systemClock), (it) => it.close()).logger;
}
