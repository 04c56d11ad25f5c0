import type { Config } from '../config/types';
import { daemon, PACKAGE_DIR } from '../daemon/daemon';
import type { DaemonBase } from '../daemon/daemon-base';
import type { DaemonFlags } from '../daemon/daemon-flags';
import { serverFollower } from '../daemon/follow-servers';
import { reportCalls } from '../drivers/call-metrics';
import { openProvider } from '../drivers/open-provider';
import { drivers } from '../drivers/registry';
import { systemClock, type Timer } from '../runtime/clock';
import type { StopSignals } from '../runtime/program';
import { Scope } from '../runtime/scope';
import { openTracing } from '../runtime/tracing/open-tracing';
import { WebListenError } from '../web/server';
import type { ZooKeeper } from '../zk/client';
import { BuilderSetupError, runBuilder } from './builder';
import { ConfigFile } from './config-file';
import { type BuilderEvent, logBuilderEvents } from './events';
import { BuilderTraces } from './trace-events';

/** The name of this part of a daemon. */
export const BUILDER = 'builder';
/** Whose message says all there is to say to whoever set the builder up. */
export const BUILDER_SETUP_ERRORS = [BuilderSetupError, WebListenError];

/** The program `nodepool-builder` (cli.md 5). */
export const main = daemon({
  name: 'nodepool-builder',
  parts: () => [BUILDER],
  setupErrors: BUILDER_SETUP_ERRORS,
  run: (base) => builderOn(base),
});

/** The builder of a daemon, until it is told to stop. `onUp`: called when nothing can fail any more for how it is set up. */
export async function builderOn(base: DaemonBase, onUp = base.up): Promise<void> {
  await using scope = new Scope();
  const { flags, stop, zk, store, metrics, version, status } = base;
  const log = base.tools.log.child({ logger: 'nodepool.builder' });
  const tools = { ...base.tools, log };
  const fitted = (config: Config) => (flags.fake ? withFakeTool(config) : config);
  const first = { config: fitted(base.config), stamp: base.stamp };
  const follow = serverFollower(zk, base.config);
  const load = () => {
    const config = base.read();
    follow(config);
    return fitted(config);
  };
  const source = new ConfigFile(base.files, load, { ...tools, metrics: metrics.all }, first);
  scope.defer(source.onProblem((problem) => status.config(BUILDER, problem)));
  if (source.current.imagesDir === undefined) throw new BuilderSetupError('images-dir is not configured');
  scope.defer(base.onReload(() => source.look('anyway')));
  scope.defer(endStubbornClose(zk, stop));
  const traced = { service: 'nodepool-builder', version };
  const tracing = scope.own(await openTracing(traced, tools.env, tools), (it) => it.close());
  const traces = scope.own(new BuilderTraces(tracing), (it) => it.close());
  const logEvent = logBuilderEvents(log);
  const onEvent = (event: BuilderEvent) => {
    logEvent(event);
    traces.onEvent(event);
  };
  const watching = source.watch(stop.drain);
  const onCall = reportCalls(metrics.all);
  await runBuilder(
    {
      store,
      source,
      drivers,
      openProvider: (it) => openProvider(it, tools, { onCall }),
      tools,
      onEvent,
      metrics,
      onUp,
      onReady: () => status.ready(BUILDER),
      configProblem: () => status.configProblem,
    },
    { ...workersOf(flags), packageDir: PACKAGE_DIR, version },
    stop,
  );
  await watching;
}

function workersOf({ images, buildWorkers, uploadWorkers }: DaemonFlags) {
  return images ? { buildWorkers, uploadWorkers } : { buildWorkers: 0, uploadWorkers: 0 };
}

/** For `--fake`: every image is made by the tool that only pretends (cli.md 9). */
function withFakeTool(config: Config): Config {
  const dibCmd = '%p/host-tools/fake-image-create';
  return { ...config, diskImages: new Map([...config.diskImages].map(([name, it]) => [name, { ...it, dibCmd }])) };
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
