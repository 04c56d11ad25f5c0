import type { Problem } from '../../config/problem';
import { systemClock } from '../../runtime/clock';
import type { ProgramIo } from '../../runtime/program';
import type { DaemonFlags } from '../daemon-flags';
import { DaemonSetupError } from '../setup-error';
import { type Destination, type LogPlan, plainPlan } from './log-plan';
import { type Logs, openLogs } from './open-logs';
import { readLogFile } from './read-log-file';

/** The logs of a daemon (cli.md 8). Throws a ConfigError or DaemonSetupError. */
export function openDaemonLogs(flags: DaemonFlags, io: ProgramIo, onWarning: (problem: Problem) => void): Logs {
  const plan = flags.logConfig === undefined ? planOf(flags) : readLogFile(flags.logConfig, onWarning);
  try {
    return openLogs(plan, io, systemClock);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new DaemonSetupError(`the log cannot be written: ${message}`);
  }
}

function planOf({ debug, logFile, logFormat }: DaemonFlags): LogPlan {
  const to: Destination =
    logFile === undefined
      ? { kind: 'stream', stream: 'stdout' }
      : { kind: 'file', path: logFile, mode: 'a', delay: false, watched: true };
  return plainPlan({ debug, json: logFormat === 'json', to });
}
