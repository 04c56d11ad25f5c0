import { setMaxListeners } from 'node:events';
import { withConfigError } from '../model/component-extras';
import type { Component } from '../model/records';
import type { StopSignals } from '../runtime/program';
import { Scope } from '../runtime/scope';
import { openDrainBox } from '../store/drains';
import { ConfigWatch, type ConfigSource } from './config-source';
import { DecisionOrder } from './decision-order';
import { DeletionWorker } from './deletion-worker';
import { startExplaining } from './explain';
import { Leadership } from './leadership';
import { type Loop, startLoop } from './loop';
import { LostRequestWorker } from './lost-request-worker';
import { MetricsReporter } from './metrics-reporter';
import { MinReadyWorker } from './min-ready-worker';
import { NodeCreator } from './node-creator';
import { RequestLockWorker } from './request-lock-worker';
import { Roster } from './roster';
import { boundStop } from './stopping';
import type { LauncherTools } from './tools';
import { tellOfUnreadable } from './unreadable';
import { World } from './world';

export interface LauncherOptions {
  readonly source: ConfigSource;
  /** Called when all pools are registered and the loops run. */
  readonly onReady?: () => void;
  /** Lets us hear of orders to read the configuration again. Returns how to stop listening. */
  readonly onReload?: (listener: () => void) => () => void;
  /** Told what is wrong with the configuration in the files; undefined if nothing is. */
  readonly onConfig?: (problem: string | undefined) => void;
  /** What it is there for; default: everything. */
  readonly duties?: Duties;
}

export interface Duties {
  /** Requests and ready nodes. Without it, the configuration given has no pools. */
  readonly launches: boolean;
  /** Nodes that nobody needs, and instances that nobody knows. */
  readonly deletions: boolean;
}

const ALL_DUTIES: Duties = { launches: true, deletions: true };

/** Events in a row cost the launcher-wide loops one pass per this many milliseconds. */
const REST_MS = 10;

/**
 * The launcher: serves requests of every configured pool and looks after the nodes of every configured provider, until told
 * to stop, by `signals` or through ZooKeeper. `drain`: takes nothing new and finishes what it has. `now`: abandons that as
 * well and lets its locks go, so that others continue at once. The store stays open.
 */
export async function runLauncher(options: LauncherOptions, tools: LauncherTools, signals: StopSignals): Promise<void> {
  await using scope = new Scope();
  const stop = scope.own(boundStop(signals, tools), (it) => it.close());
  setMaxListeners(0, stop.drain, stop.now); // every request in hand listens
  const stamp = options.source.stamp();
  const config = options.source.load();
  const background = new Background(tools);
  const world = scope.own(new World(tools.store, () => undefined, tools.clock), (it) => it.close());
  await world.ready(stop.drain);
  scope.defer(tellOfUnreadable(world, tools.log));
  const order = new DecisionOrder(tools, world);
  const around = {
    tools,
    world,
    order,
    creator: new NodeCreator(tools, world, order, stop.now),
    policy: () => ({ tenantLimits: roster.config.tenantLimits }),
    installation: () => roster.config.installationId,
    now: stop.now,
    deletions: (options.duties ?? ALL_DUTIES).deletions,
    learned: () => world.reweigh(roster.weightOf),
    inBackground: (work: Promise<void>) => background.add(work),
  };
  const roster: Roster = scope.own(new Roster(config, around), (it) => it.close());
  const self = await tools.store.components.register<Component>({
    kind: 'launcher',
    hostname: tools.hostname,
    state: 'running',
    version: tools.version,
    modelApi: 0,
  });
  scope.defer(() => self.unregister());
  const orders = scope.own(
    openDrainBox(
      { zk: tools.store.zk, ...tools },
      () => self.znode,
      (by) => stop.order(by),
    ),
    (it) => it.close(),
  );
  scope.defer(world.components.onChange(() => orders.look()));
  await roster.apply(config);
  const workers = startWorkers(scope, roster, world, tools, stop.now, options.duties ?? ALL_DUTIES);
  const { metrics } = tools;
  if (metrics !== undefined) {
    const reported = { config: () => roster.config, available: () => roster.available() };
    scope.own(MetricsReporter.start(metrics, reported, world, tools), (it) => it.stop());
  }
  scope.own(
    startExplaining(() => roster.served(), world, tools),
    (it) => it.close(),
  );
  const onConfig = (problem: string | undefined) => {
    options.onConfig?.(problem);
    self.update({ unknown: withConfigError(undefined, problem) }).catch((error: unknown) => {
      if (!stop.now.aborted) tools.log.warn('trouble with the configuration is not in the registry', { err: error });
    });
  };
  const watch = new ConfigWatch(options.source, tools, stamp, (it) => roster.apply(it), onConfig);
  const watching = startLoop(watch, tools);
  const onReload = () => {
    watch.readAnyway();
    watching.nudge();
  };
  if (options.onReload !== undefined) scope.defer(options.onReload(onReload));
  scope.defer(() => watching.stop());
  tools.log.info('launcher is ready', { providers: config.providers.size, labels: config.labels.size });
  options.onReady?.();
  await aborted(stop.drain);
  tools.log.info(stop.now.aborted ? 'launcher stops' : 'launcher finishes what it has in hand');
  await watching.stop();
  await Promise.race([drained(workers, roster, background), aborted(stop.now)]);
}

async function drained(workers: Workers, roster: Roster, background: Background): Promise<void> {
  await workers.takeNothingNew();
  await Promise.all([roster.drain(), workers.deletionsEnded(), background.ended()]);
}

interface Workers {
  takeNothingNew(): Promise<void>;
  deletionsEnded(): Promise<void>;
}

function startWorkers(
  scope: Scope,
  roster: Roster,
  world: World,
  tools: LauncherTools,
  now: AbortSignal,
  duties: Duties,
): Workers {
  const loops: Loop[] = [];
  const nudgeAll = () => loops.forEach((it) => it.nudge());
  const lost = new LostRequestWorker(tools, world, () => roster.served(), now, nudgeAll);
  const scopeOfDeletion = () => roster.deletionScope((node) => lost.willContinue(node));
  const deletion = new DeletionWorker(tools, world, scopeOfDeletion, now, nudgeAll);
  const leadership = duties.launches
    ? scope.own(new Leadership('min-ready', tools, nudgeAll), (it) => it.resign())
    : undefined;
  const minReady = new MinReadyWorker(
    tools,
    world,
    () => roster.minReadyScope(),
    () => leadership?.leads === true,
  );
  const locks = new RequestLockWorker(tools, world);
  loops.push(startLoop(lost, tools, { restMs: REST_MS }), startLoop(minReady, tools, { restMs: REST_MS }));
  if (duties.deletions) loops.push(startLoop(deletion, tools, { restMs: REST_MS }));
  const patrol = startLoop(locks, tools);
  scope.defer(() => Promise.all([...loops, patrol].map((it) => it.stop())));
  const stopListening = world.onChange(({ requests }) => {
    for (const id of requests) if (!world.requests.has(id)) roster.noticeGone(id);
    nudgeAll();
    roster.nudge();
  });
  scope.defer(stopListening);
  return {
    takeNothingNew: async () => {
      await Promise.all([leadership?.resign(), ...loops.map((it) => it.stop())]);
    },
    deletionsEnded: () => deletion.drained(),
  };
}

/** Work that goes on beside the rest: pools and providers that were removed and finish what they had. */
class Background {
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly tools: LauncherTools) {}

  add(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.tools.log.error('removed part did not end properly', { err: error }))
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
