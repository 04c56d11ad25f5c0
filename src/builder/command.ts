import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigFiles, loadConfig } from '../config/load';
import { ConfigError, problemLine } from '../config/problem';
import type { Config } from '../config/types';
import type { DriverTools } from '../drivers/driver';
import { reportCalls } from '../drivers/call-metrics';
import { openProvider } from '../drivers/open-provider';
import { drivers } from '../drivers/registry';
import { systemClock, type Timer } from '../runtime/clock';
import { createLogger, type Logger } from '../runtime/log';
import { openMetrics } from '../runtime/metrics/open-metrics';
import type { Program, ProgramIo, StopSignals } from '../runtime/program';
import { systemRandom } from '../runtime/random';
import { Scope } from '../runtime/scope';
import { openTracing } from '../runtime/tracing/open-tracing';
import { openStore } from '../store/store';
import { openZooKeeper, TlsFileError } from '../store/open-zookeeper';
import type { ZooKeeper } from '../zk/client';
import { WebListenError } from '../web/server';
import { reportZooKeeper } from '../zk/zookeeper-metrics';
import { type BuilderArguments, parseArguments } from './arguments';
import { BuilderSetupError, runBuilder } from './builder';
import { ConfigFile } from './config-file';
import { type BuilderEvent, logBuilderEvents } from './events';
import { BuilderTraces } from './trace-events';

/** The folder of this package, seen from here and from the compiled file alike. */
const PACKAGE_DIR = join(__dirname, '..', '..');

/** The program `nodepool-builder` (cli.md 5). */
export const main: Program = async (argv, io) => {
  const version = packageVersion();
  const parsed = parseArguments(argv, { version, stdout: io.stdout, stderr: io.stderr });
  if ('exit' in parsed) return parsed.exit;
  try {
    await run(parsed.arguments, version, io);
    return 0;
  } catch (error) {
    if (io.stop.drain.aborted) {
      io.stderr.write(`nodepool-builder: not everything could be closed in order: ${String(error)}\n`);
      return 0;
    }
    if (!isSetupError(error)) throw error;
    for (const line of error.message.split('\n')) io.stderr.write(`nodepool-builder: ${line}\n`);
    return 1;
  }
};

async function run(args: BuilderArguments, version: string, io: ProgramIo): Promise<void> {
  await using scope = new Scope();
  const root = createLogger({ level: args.debug ? 'debug' : 'info', format: 'text', stream: io.stdout });
  const log = root.child({ logger: 'nodepool.builder' });
  const tools: DriverTools = { clock: systemClock, random: systemRandom, log, env: io.env };
  const files: ConfigFiles = { file: args.config, secureFile: args.secure };
  const metrics = scope.own(openMetrics(io.env, tools), (it) => it.close());
  const traced = { service: 'nodepool-builder', version };
  const tracing = scope.own(await openTracing(traced, io.env, tools), (it) => it.close());
  const traces = scope.own(new BuilderTraces(tracing), (it) => it.close());
  const source = new ConfigFile(files, () => load(files, tools), { ...tools, metrics: metrics.all });
  requireServers(source.current);
  if (!args.foreground) log.warn('running in the foreground: this release does not daemonise, and writes no pid file');
  if (args.logConfig !== undefined) log.warn('log configuration is not read by this release', { file: args.logConfig });
  const { hosts, tls, timeout } = source.current.zookeeper;
  log.info('connecting to ZooKeeper', { servers: hosts });
  const zk = scope.own(
    await openZooKeeper(
      { hosts, tls, timeoutSeconds: timeout },
      { ...tools, log: root.child({ logger: 'nodepool.zk' }) },
    ),
    (it) => it.close(),
  );
  scope.defer(endStubbornClose(zk, io.stop));
  const observed = scope.own(reportZooKeeper(zk, metrics.prometheus, tools.clock), (it) => it.stop());
  const store = scope.own(openStore(observed.zk, tools), (it) => it.close());
  followServers(source, scope, log, (servers) => zk.updateServers(servers));
  const watching = source.watch(io.stop.drain);
  const options = {
    buildWorkers: args.buildWorkers,
    uploadWorkers: args.uploadWorkers,
    packageDir: PACKAGE_DIR,
    version,
  };
  const logEvent = logBuilderEvents(log);
  const onEvent = (event: BuilderEvent) => {
    logEvent(event);
    traces.onEvent(event);
  };
  const onCall = reportCalls(metrics.all);
  await runBuilder(
    { store, source, drivers, openProvider: (it) => openProvider(it, tools, { onCall }), tools, onEvent, metrics },
    options,
    io.stop,
  );
  await watching;
}

/** Beyond what the builder itself waits for its jobs. */
const CLOSE_MS = 70_000;

/**
 * Closing waits for answers of ZooKeeper, which may never come. At the second signal, or long after the first, the client is
 * closed, and everything that waits on it ends. Returns how to call this off.
 */
function endStubbornClose(zk: ZooKeeper, stop: StopSignals): () => void {
  const giveUp = () => void zk.close();
  let timer: Timer | undefined;
  const start = () => (timer = systemClock.after(CLOSE_MS, giveUp));
  stop.drain.addEventListener('abort', start, { once: true });
  stop.now.addEventListener('abort', giveUp, { once: true });
  return () => {
    stop.drain.removeEventListener('abort', start);
    stop.now.removeEventListener('abort', giveUp);
    timer?.cancel();
  };
}

function load(files: ConfigFiles, tools: DriverTools): Config {
  return loadConfig({
    ...files,
    env: tools.env,
    schemas: drivers,
    onWarning: (problem) => tools.log.warn('configuration', { problem: problemLine(problem) }),
  });
}

function requireServers(config: Config): void {
  if (config.zookeeper.hosts === '') throw new BuilderSetupError('no zookeeper-servers are configured');
  if (config.imagesDir === undefined) throw new BuilderSetupError('images-dir is not configured');
}

/** The list of servers follows the configuration; chroot, TLS and timeout need a restart (config.md 13). */
function followServers(source: ConfigFile, scope: Scope, log: Logger, update: (hosts: string) => void): void {
  let hosts = source.current.zookeeper.hosts;
  const follow = () => {
    const now = source.current.zookeeper.hosts;
    if (now === hosts || now === '') return;
    hosts = now;
    try {
      update(now);
    } catch (error) {
      log.error('new list of ZooKeeper servers cannot be used before a restart', { err: error });
    }
  };
  scope.own(source.onChange(follow), (unlisten) => unlisten());
}

/** Mistakes of whoever set this up: one clear line each instead of a stack trace. */
function isSetupError(error: unknown): error is Error {
  return [ConfigError, BuilderSetupError, TlsFileError, WebListenError].some((it) => error instanceof it);
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(PACKAGE_DIR, 'package.json'), 'utf8')) as { version: string }).version;
}
