import { join } from 'node:path';
import { ConfigError, problemLine } from '../config/problem';
import { systemClock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import { packageVersion } from '../runtime/package-version';
import type { Program, ProgramIo } from '../runtime/program';
import { systemRandom } from '../runtime/random';
import { Scope } from '../runtime/scope';
import { TlsFileError } from '../store/open-zookeeper';
import { leaveSurroundings, startInBackground } from './background';
import { type DaemonFlags, type DaemonName, parseDaemonFlags } from './daemon-flags';
import { DaemonStatus } from './daemon-status';
import { type DaemonBase, openBase } from './daemon-base';
import { openDaemonLogs } from './logs/daemon-logs';
import type { Logs } from './logs/open-logs';
import { serviceManager } from './notify';
import { commandOfProcess, takePidFile } from './pid-file';
import { DaemonSetupError } from './setup-error';

/** The folder of this package, seen from here and from the compiled file alike. */
export const PACKAGE_DIR = join(__dirname, '..', '..');

/** What makes a daemon of the frame. */
export interface DaemonSpec {
  readonly name: DaemonName;
  /** Its parts, each of which says when it is ready. */
  readonly parts: (flags: DaemonFlags) => readonly string[];
  /** Besides those of the frame: whose message says all there is to say. */
  readonly setupErrors: readonly (abstract new (...args: never[]) => Error)[];
  /** Runs until told to stop by `base.stop`. */
  run(base: DaemonBase): Promise<void>;
}

/**
 * A daemon as a program: command line, background, pid file, logs, signals, service manager, and what all of them need from the
 * outside. Exit status: 0 after a stop, 1 for mistakes in how it was set up, 2 for its arguments.
 */
export function daemon(spec: DaemonSpec): Program {
  return async (argv, io) => {
    const version = packageVersion();
    const parsed = parseDaemonFlags(spec.name, argv, { ...io, version });
    if ('exit' in parsed) return parsed.exit;
    const { flags } = parsed;
    const parent = io.process?.parent;
    const say = (line: string) => (parent === undefined ? void io.stderr.write(`${line}\n`) : parent.say(line));
    try {
      if (!flags.foreground && parent === undefined) {
        await checkPidFile(flags.pidFile, io);
        return await startInBackground(spec.name, argv, flags, io);
      }
      return await runHere(spec, flags, version, io, say);
    } catch (error) {
      if (io.stop.drain.aborted && error === io.stop.drain.reason) return 0; // stopped before it had begun
      if (!isSetupError(error, spec)) throw error;
      for (const line of error.message.split('\n')) say(`${spec.name}: ${line}`);
      return 1;
    }
  };
}

/** A conflict is to be seen on the terminal, so it is looked for before leaving that (cli.md 7). */
async function checkPidFile(path: string, io: ProgramIo): Promise<void> {
  await (await takePidFile(path, pidTools(), io.stop.drain)).release();
}

const pidTools = () => ({ clock: systemClock, pid: process.pid, commandOf: commandOfProcess });

async function runHere(
  spec: DaemonSpec,
  flags: DaemonFlags,
  version: string,
  io: ProgramIo,
  say: (line: string) => void,
): Promise<number> {
  await using scope = new Scope();
  // Until somebody listens, and while all is being closed, these must not end the process, as they do by default.
  for (const it of ['SIGHUP', 'SIGUSR2'] as const) scope.defer(io.onSignal(it, () => undefined));
  const warnings: string[] = [];
  const logs = scope.own(
    openDaemonLogs(flags, io, (it) => warnings.push(problemLine(it))),
    (it) => it.close(),
  );
  const log = logs.logger.child({ logger: 'nodepool' });
  for (const problem of warnings) log.warn('log configuration', { problem });
  logCrashes(log, logs, io);
  if (!flags.foreground) {
    leaveSurroundings();
    scope.own(await takePidFile(flags.pidFile, pidTools(), io.stop.drain), (it) => it.release());
  }
  const manager = scope.own(serviceManager({ clock: systemClock, log, env: io.env, pid: process.pid }), (it) =>
    it.close(),
  );
  const onStop = () => {
    log.info('told to stop', { by: signalOf(io.stop.drain.reason) });
    manager.stopping();
  };
  io.stop.drain.addEventListener('abort', onStop, { once: true });
  let hasStarted = true;
  scope.defer(() => {
    io.stop.drain.removeEventListener('abort', onStop);
    if (hasStarted) log.info('the daemon has ended'); // what never began is told by its error alone
  });
  const status = new DaemonStatus(spec.parts(flags), manager, log);
  const tools = { clock: systemClock, random: systemRandom, log, env: withoutManager(io.env) };
  try {
    const base = await openBase(scope, { name: spec.name, flags, version, io, logs, tools, manager, status });
    await spec.run(base);
  } catch (error) {
    if (error === io.stop.drain.reason) return 0;
    hasStarted = !isSetupError(error, spec);
    if (!hasStarted) throw error;
    if (!io.stop.drain.aborted) {
      log.error('the daemon ends', { err: error });
      throw error;
    }
    say(`${spec.name}: not everything could be closed in order: ${String(error)}`);
    log.warn('not everything could be closed in order', { err: error });
  }
  return 0;
}

/** `bin` names the signal in the reason. */
function signalOf(reason: unknown): string | undefined {
  const signal = reason instanceof Error && 'signal' in reason ? reason.signal : undefined;
  return typeof signal === 'string' ? signal : undefined;
}

/** Last words of a process that an error ends, in the log as well: standard error may lead nowhere. */
function logCrashes(log: Logger, logs: Logs, io: ProgramIo): void {
  io.process?.onCrash((error) => {
    log.error('the daemon ends: nobody caught an error', { err: error });
    logs.flush();
  });
}

/** What the service manager told us is not for image tools and the like. */
function withoutManager(env: ProgramIo['env']): ProgramIo['env'] {
  const { NOTIFY_SOCKET: _socket, WATCHDOG_USEC: _usec, WATCHDOG_PID: _pid, ...rest } = env;
  return rest;
}

function isSetupError(error: unknown, spec: DaemonSpec): error is Error {
  return [ConfigError, TlsFileError, DaemonSetupError, ...spec.setupErrors].some((it) => error instanceof it);
}
