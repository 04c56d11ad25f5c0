import { hostname } from 'node:os';
import { configStamp } from '../config/load';
import type { Config } from '../config/types';
import { daemon } from '../daemon/daemon';
import type { DaemonBase } from '../daemon/daemon-base';
import { serverFollower } from '../daemon/follow-servers';
import { reportCalls } from '../drivers/call-metrics';
import { openProvider } from '../drivers/open-provider';
import { type Clock, systemClock } from '../runtime/clock';
import { scanHostKeys } from '../runtime/host-keys';
import { runCommand } from '../runtime/processes';
import type { ProgramIo } from '../runtime/program';
import { Scope } from '../runtime/scope';
import { openTracing } from '../runtime/tracing/open-tracing';
import { WebListenError } from '../web/server';
import type { ConfigSource } from './config-source';
import { runLauncher } from './main';
import { startLauncherWeb } from './web';

/** The name of this part of a daemon. */
export const LAUNCHER = 'launcher';
/** Whose message says all there is to say to whoever set the launcher up. */
export const LAUNCHER_SETUP_ERRORS = [WebListenError];

/** `nodepool-launcher`. */
export const main = daemon({
  name: 'nodepool-launcher',
  parts: () => [LAUNCHER],
  setupErrors: LAUNCHER_SETUP_ERRORS,
  run: (base) => launcherOn(base),
});

/** The launcher of a daemon, until it is told to stop. `onUp`: called when nothing can fail any more for how it is set up. */
export async function launcherOn(base: DaemonBase, onUp = base.up): Promise<void> {
  await using scope = new Scope();
  const { flags, tools, stop, store, metrics, zk, version, status } = base;
  const traced = { service: 'nodepool-launcher', version };
  const tracing = scope.own(await openTracing(traced, tools.env, tools), (it) => it.close());
  const read = () => (flags.launches ? base.read() : withoutPools(base.read()));
  const first = { config: flags.launches ? base.config : withoutPools(base.config), stamp: base.stamp };
  const source = configSource(first, read, () => configStamp(base.files), serverFollower(zk, base.config));
  const webTools = { ...tools, version, drain: stop.drain, configProblem: () => status.configProblem };
  const served = flags.webapp
    ? await startLauncherWeb(scope, source.latest, store, webTools, metrics.prometheus)
    : () => undefined;
  onUp();
  await zk.connected(stop.drain);
  const onReady = () => {
    served();
    status.ready(LAUNCHER);
  };
  await runLauncher(
    {
      source,
      onReady,
      onReload: base.onReload,
      onConfig: (problem) => status.config(LAUNCHER, problem),
      duties: { launches: flags.launches, deletions: flags.deletes },
    },
    {
      ...tools,
      store,
      openProvider: (it, own) => openProvider(it, own, { onCall: reportCalls(metrics.all) }),
      scanHostKeys: (target, signal) => scanHostKeys(target, tools, signal),
      hostname: hostname(),
      fqdn: await fullName(tools.env, systemClock),
      version,
      metrics,
      tracing,
    },
    stop,
  );
}

/** For `--no-launches`: whoever has no pools accepts nothing, while clouds and nodes of the providers are looked after. */
function withoutPools(config: Config): Config {
  return {
    ...config,
    providers: new Map([...config.providers].map(([name, it]) => [name, { ...it, pools: new Map() }])),
    labels: new Map([...config.labels].map(([name, it]) => [name, { ...it, pools: [] }])),
  };
}

/** What was read to connect is handed out first, so that the launcher begins with just that. */
function configSource(
  first: { readonly config: Config; readonly stamp: string },
  read: () => Config,
  stamp: () => string,
  follow: (config: Config) => void,
): ConfigSource & { latest(): Config } {
  let waiting: typeof first | undefined = first;
  let latest = first.config;
  return {
    latest: () => latest,
    stamp: () => waiting?.stamp ?? stamp(),
    load: () => {
      const config = waiting?.config ?? read();
      waiting = undefined;
      follow(config);
      latest = config;
      return config;
    },
  };
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
