import { type ConfigFiles, configStamp, loadConfig } from '../config/load';
import { problemLine } from '../config/problem';
import type { Config } from '../config/types';
import type { DriverTools } from '../drivers/driver';
import { drivers } from '../drivers/registry';
import { activities } from '../runtime/activities';
import { type OpenMetrics, openMetrics } from '../runtime/metrics/open-metrics';
import type { ProgramIo, StopSignals } from '../runtime/program';
import type { Scope } from '../runtime/scope';
import type { Store } from '../store/api';
import { openZooKeeper } from '../store/open-zookeeper';
import { openStore } from '../store/store';
import type { ZooKeeper } from '../zk/client';
import { reportZooKeeper } from '../zk/zookeeper-metrics';
import type { DaemonFlags } from './daemon-flags';
import type { DaemonStatus } from './daemon-status';
import { Inspection } from './inspection';
import type { Logs } from './logs/open-logs';
import type { ServiceManager } from './notify';
import { openRepl } from './repl';
import { DaemonSetupError } from './setup-error';

/** What other daemons and requestors do to their nodes is of no urgency, and most records change several times in a row. */
const VIEW_LAG_MS = 10;

/** What a daemon stands on. All of it is closed by the frame, after the daemon. */
export interface DaemonBase {
  readonly flags: DaemonFlags;
  readonly version: string;
  readonly tools: DriverTools;
  readonly stop: StopSignals;
  readonly files: ConfigFiles;
  /** As read at the start, for the connection. */
  readonly config: Config;
  /** The stamp of the files that `config` was read from. */
  readonly stamp: string;
  /** Reads the files anew; throws a ConfigError. */
  readonly read: () => Config;
  readonly zk: ZooKeeper;
  readonly store: Store;
  readonly metrics: OpenMetrics;
  readonly status: DaemonStatus;
  /** Calls back at SIGHUP: look at the files, whatever their times say. Returns how to stop listening. */
  onReload(listener: () => void): () => void;
  /** All that can fail for want of setting up is done: the terminal may have its prompt back. */
  up(): void;
}

export interface BaseParts {
  /** `nodepool-launcher`. */
  readonly name: string;
  readonly flags: DaemonFlags;
  readonly version: string;
  readonly io: ProgramIo;
  readonly logs: Logs;
  readonly tools: DriverTools;
  readonly manager: ServiceManager;
  readonly status: DaemonStatus;
}

/** cli.md 5. */
const REPL_PORT = 3000;

/** Reads the configuration and begins to connect. Throws what is wrong with how the daemon was set up. */
export async function openBase(scope: Scope, parts: BaseParts): Promise<DaemonBase> {
  const { flags, version, io, logs, tools, manager, status } = parts;
  const files = { file: flags.config, secureFile: flags.secure };
  const read = () => readFiles(files, tools);
  const stamp = configStamp(files);
  const config = read();
  const { hosts, tls, timeout } = config.zookeeper;
  if (hosts === '') throw new DaemonSetupError(`no zookeeper-servers are configured in ${flags.config}`);
  const metrics = scope.own(openMetrics(tools.env, tools), (it) => it.close());
  const ofZooKeeper = { ...tools, log: tools.log.child({ logger: 'nodepool.zk' }) };
  tools.log.info('connecting to ZooKeeper', { servers: hosts });
  const zk = scope.own(await openZooKeeper({ hosts, tls, timeoutSeconds: timeout }, ofZooKeeper), (it) => it.close());
  const observed = scope.own(reportZooKeeper(zk, metrics.prometheus, tools.clock), (it) => it.stop());
  const store = scope.own(openStore(observed.zk, tools, { lagMs: VIEW_LAG_MS }), (it) => it.close());
  const reload = new Set<() => void>();
  scope.defer(
    io.onSignal('SIGHUP', () => {
      logs.reopen();
      tools.log.info('told to read the configuration again and to begin logs anew');
      manager.reloading();
      for (const it of reload) it();
      manager.ready();
    }),
  );
  const inspection = new Inspection({
    name: parts.name,
    version,
    ...tools,
    zk: observed.zk,
    configProblem: () => status.configProblem,
    profileDir: flags.profileDir,
    logFiles: logs.files,
  });
  scope.own(inspection, (it) => it.close());
  scope.defer(io.onSignal('SIGUSR2', () => inspection.onSignal()));
  if (flags.repl) {
    const context = { activities, store, zk, config: read, dump: () => inspection.dump() };
    scope.own(await openRepl({ ...tools, port: REPL_PORT, context }), (it) => it.close());
  }
  tellWhileWaiting(scope, zk, parts);
  return {
    flags,
    version,
    tools,
    stop: io.stop,
    files,
    config,
    stamp,
    read,
    zk,
    store,
    metrics,
    status,
    onReload: (listener) => {
      reload.add(listener);
      return () => reload.delete(listener);
    },
    up: () => io.process?.parent?.up(),
  };
}

function readFiles(files: ConfigFiles, { env, log }: DriverTools): Config {
  const onWarning = (problem: Parameters<typeof problemLine>[0]) =>
    log.warn('configuration', { problem: problemLine(problem) });
  return loadConfig({ ...files, env, schemas: drivers, onWarning });
}

/** Told again well before the time that was asked for is over. */
const TELL_MS = 30_000;

/** A ZooKeeper that is not there yet is no failure of ours: the service manager is to wait for as long as we do. */
function tellWhileWaiting(scope: Scope, zk: ZooKeeper, { manager, tools }: BaseParts): void {
  const tell = () => manager.waiting('waiting for ZooKeeper');
  let timer = tools.clock.after(TELL_MS, function again() {
    tell();
    timer = tools.clock.after(TELL_MS, again);
  });
  const end = () => timer.cancel();
  tell();
  scope.defer(end);
  zk.connected().then(end, end);
}
