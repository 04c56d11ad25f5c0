import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { configStamp, loadConfig } from '../config/load';
import { ConfigError, problemLine } from '../config/problem';
import type { Config } from '../config/types';
import { reportCalls } from '../drivers/call-metrics';
import { openProvider } from '../drivers/open-provider';
import { drivers } from '../drivers/registry';
import { type Clock, systemClock } from '../runtime/clock';
import { scanHostKeys } from '../runtime/host-keys';
import { createLogger, type Logger } from '../runtime/log';
import { openMetrics } from '../runtime/metrics/open-metrics';
import { runCommand } from '../runtime/processes';
import type { Program, ProgramIo } from '../runtime/program';
import { systemRandom } from '../runtime/random';
import { Scope } from '../runtime/scope';
import { openTracing } from '../runtime/tracing/open-tracing';
import { openZooKeeper, TlsFileError } from '../store/open-zookeeper';
import { openStore } from '../store/store';
import { WebListenError } from '../web/server';
import type { ZooKeeper } from '../zk/client';
import { reportZooKeeper } from '../zk/zookeeper-metrics';
import type { ConfigSource } from './config-source';
import { runLauncher } from './main';
import { type Flags, parseFlags } from './settings';
import { startLauncherWeb } from './web';

/** `nodepool-launcher`. */
export const main: Program = async (argv, io) => {
  const version = ownVersion();
  let flags: Flags;
  try {
    flags = parseFlags(argv, version, io);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  const log = createLogger({ level: flags.debug ? 'debug' : 'info', format: 'text', stream: io.stdout });
  try {
    await launch(flags, version, log, io);
    return 0;
  } catch (error) {
    if (io.stop.drain.aborted && error === io.stop.drain.reason) return 0; // stopped before it had begun
    if (!isSetupError(error)) throw error;
    for (const line of error.message.split('\n')) io.stderr.write(`nodepool-launcher: ${line}\n`);
    return 1;
  }
};

async function launch(flags: Flags, version: string, log: Logger, io: ProgramIo): Promise<void> {
  await using scope = new Scope();
  const tools = { clock: systemClock, random: systemRandom, log: log.child({ logger: 'nodepool' }), env: io.env };
  const files = { file: flags.config, secureFile: flags.secure };
  const read = () =>
    loadConfig({
      ...files,
      env: io.env,
      schemas: drivers,
      onWarning: (problem) => log.warn('configuration', { problem: problemLine(problem) }),
    });
  const stamp = configStamp(files);
  const config = read();
  const { hosts, tls, timeout } = config.zookeeper;
  if (hosts === '') throw new LauncherSetupError(`no zookeeper-servers are configured in ${flags.config}`);
  if (!flags.foreground) log.warn('running in the foreground: this release does not daemonise, and writes no pid file');
  if (flags.logConfig !== undefined)
    log.warn('log configuration is not read by this release', { file: flags.logConfig });
  const zk = scope.own(await openZooKeeper({ hosts, tls, timeoutSeconds: timeout }, tools), (it) => it.close());
  const source = configSource({ config, stamp }, read, () => configStamp(files), zk);
  const metrics = scope.own(openMetrics(io.env, tools), (it) => it.close());
  const traced = { service: 'nodepool-launcher', version };
  const tracing = scope.own(await openTracing(traced, io.env, tools), (it) => it.close());
  const observed = scope.own(reportZooKeeper(zk, metrics.prometheus, tools.clock), (it) => it.stop());
  const store = scope.own(openStore(observed.zk, tools), (it) => it.close());
  const onReady = flags.webapp
    ? await startLauncherWeb(
        scope,
        source.latest,
        store,
        { ...tools, version, drain: io.stop.drain },
        metrics.prometheus,
      )
    : () => undefined;
  await zk.connected(io.stop.drain);
  await runLauncher(
    { source, onReady },
    {
      ...tools,
      store,
      openProvider: (it, own) => openProvider(it, own, { onCall: reportCalls(metrics.all) }),
      scanHostKeys: (target, signal) => scanHostKeys(target, tools, signal),
      hostname: hostname(),
      fqdn: await fullName(io.env, systemClock),
      version,
      metrics,
      tracing,
    },
    io.stop,
  );
}

/** Something is missing without which no launcher can start. */
class LauncherSetupError extends Error {
  override readonly name = 'LauncherSetupError';
}

/** Mistakes of whoever set this up: one clear line each instead of a stack trace. */
function isSetupError(error: unknown): error is Error {
  return [ConfigError, LauncherSetupError, TlsFileError, WebListenError].some((it) => error instanceof it);
}

/** What was read to connect is handed out first, so that the launcher begins with just that. */
function configSource(
  first: { readonly config: Config; readonly stamp: string },
  read: () => Config,
  stamp: () => string,
  zk: ZooKeeper,
): ConfigSource & { latest(): Config } {
  let waiting: typeof first | undefined = first;
  let latest = first.config;
  let hosts = first.config.zookeeper.hosts;
  return {
    latest: () => latest,
    stamp: () => waiting?.stamp ?? stamp(),
    load: () => {
      const config = waiting?.config ?? read();
      waiting = undefined;
      latest = config;
      if (config.zookeeper.hosts !== hosts && config.zookeeper.hosts !== '') {
        hosts = config.zookeeper.hosts;
        zk.updateServers(hosts);
      }
      return config;
    },
  };
}

/** Of the package, beside which `src` and `dist` lie. */
function ownVersion(): string {
  const file = join(__dirname, '..', '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

const LOOKUP_MS = 5_000;

/** The host's name with its domain; without if there is none, or if nobody answers in time. */
async function fullName(env: ProgramIo['env'], clock: Clock): Promise<string> {
  const patience = new AbortController();
  const timer = clock.after(LOOKUP_MS, () => patience.abort());
  try {
    const { code, stdout } = await runCommand({ file: 'hostname', args: ['--fqdn'], env }, patience.signal);
    return code === 0 && stdout.trim() !== '' ? stdout.trim() : hostname();
  } catch {
    return hostname(); // no such program, or no answer: the plain name has to do
  } finally {
    timer.cancel();
  }
}
