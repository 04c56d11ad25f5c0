import { resolve } from 'node:path';
import type { Config, ProviderConfig } from '../config/types';
import type { DriverRegistry, DriverTools, Provider } from '../drivers/driver';
import type { ImageWait } from '../model/image-waits';
import { builderExtras, withConfigError } from '../model/component-extras';
import { Backoff } from '../runtime/backoff';
import type { Metrics } from '../runtime/metrics/metrics';
import { type MetricSinks, NO_METRICS } from '../runtime/metrics/open-metrics';
import type { StopSignals } from '../runtime/program';
import { Nudge, type PassOutcome, type Reconciler, runReconciler } from '../runtime/reconcile';
import { Scope } from '../runtime/scope';
import type { Store } from '../store/api';
import { BuildHistory } from '../store/build-history';
import { WaitsReport } from '../store/image-waits';
import { BuildReconciler } from './build-reconciler';
import { probeSandbox } from './build-sandbox';
import { CleanupReconciler } from './cleanup-reconciler';
import type { BuilderContext } from './context';
import type { BuilderEvent, OnBuilderEvent } from './events';
import { readIdentity } from './identity';
import { ImageFolder } from './image-folder';
import { ImageWaits } from './image-waits';
import { reportBuilderEvents } from './metrics-events';
import { reportImages } from './metrics-states';
import { OrphanReconciler } from './orphan-reconciler';
import { ProviderConnections } from './provider-connections';
import { type ConfigSource, imageWishes } from './settings';
import { UploadReconciler } from './upload-reconciler';
import { startBuilderWeb } from './web';
import { makeFolder } from '../runtime/make-folder';

/** What a builder is made of. The store stays the caller's to close. */
export interface BuilderParts {
  readonly store: Store;
  readonly source: ConfigSource;
  /** For what there is to know without connecting. */
  readonly drivers: DriverRegistry;
  readonly openProvider: (config: ProviderConfig) => Provider;
  readonly tools: DriverTools;
  readonly onEvent: OnBuilderEvent;
  /** Default: none. */
  readonly metrics?: MetricSinks;
  /** Told after every pass of every loop. */
  readonly onPass?: (outcome: PassOutcome) => void;
  /** Called when nothing can fail any more for how it is set up; ZooKeeper may still be out of reach. */
  readonly onUp?: () => void;
  /** Called when the work begins. */
  readonly onReady?: () => void;
  /** What is wrong with the configuration in the files, for the health pages. */
  readonly configProblem?: () => string | undefined;
}

export interface BuilderOptions {
  readonly buildWorkers: number;
  readonly uploadWorkers: number;
  /** The folder of this package; `%p` in `dib-cmd`. */
  readonly packageDir: string;
  /** In the component registry. */
  readonly version: string | null;
}

/** The configuration lacks something without which there is nothing to do (builder.md 2). */
export class BuilderSetupError extends Error {
  override readonly name = 'BuilderSetupError';
}

/** How long the first signal waits for jobs to clear up after themselves before the program ends nevertheless. */
const DRAIN_MS = 60_000;
/** Delays of a loop whose pass failed. */
const PASS_BACKOFF = { firstMs: 1_000, maxMs: 60_000 };

/**
 * Builds, uploads and retires images until told to stop. `stop.drain`: nothing new is begun; running builds and uploads are
 * cancelled, recorded as such and cleared away, which takes seconds where waiting for a build might take hours; whatever was
 * asked for stays asked for, and the next builder begins it anew. `stop.now`: nothing is waited for; the tools die with us,
 * and others find the records without locks.
 */
export async function runBuilder(parts: BuilderParts, options: BuilderOptions, stop: StopSignals): Promise<void> {
  await using scope = new Scope();
  const context = await openContext(parts, options, scope);
  const metrics = parts.metrics ?? NO_METRICS;
  const { loops, waits } = makeLoops(context, options, metrics.all);
  const wakeAll = () => loops.forEach((it) => it.nudge.nudge());
  scope.own(context.store.images.view().onChange(wakeAll), (unlisten) => unlisten());
  scope.own(parts.source.onChange(wakeAll), (unlisten) => unlisten());
  const web = await startBuilderWeb(
    scope,
    context,
    { version: options.version, drain: stop.drain, configProblem: parts.configProblem, waits },
    metrics.prometheus,
  );
  parts.onUp?.();
  await register(context, options, scope, web?.url, parts.source, stop.drain);
  if (stop.drain.aborted) return;
  web?.running();
  parts.onReady?.();
  parts.tools.log.info('builder runs', { builder_id: context.identity.id, images_dir: context.folder.path });
  const running = Promise.all(loops.map((it) => runLoop(it, parts, stop.drain)));
  await Promise.race([running, aborted(stop.drain)]);
  await endJobs(loops, running, parts, stop);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function openContext(parts: BuilderParts, options: BuilderOptions, scope: Scope): Promise<BuilderContext> {
  const { store, source, drivers, tools } = parts;
  const { imagesDir } = source.current;
  if (imagesDir === undefined) throw new BuilderSetupError('images-dir is not configured');
  const folder = new ImageFolder(resolve(imagesDir));
  await makeFolder(folder.path).catch((error: Error) => {
    throw new BuilderSetupError(`images-dir ${folder.path} cannot be made: ${error.message}`);
  });
  const sandbox = await probeSandbox(tools.env);
  if (sandbox.length === 0) tools.log.warn('no namespaces here: killed builds may leave processes and mounts behind');
  const providers = scope.own(new ProviderConnections(drivers, parts.openProvider, tools.log), (it) => it.close());
  providers.update(source.current);
  const identity = await readIdentity(folder.path, tools);
  const config = () => source.current;
  const wishes = rememberLast(config, (it: Config) => imageWishes(it, drivers, tools));
  const { packageDir } = options;
  const report = reportBuilderEvents((parts.metrics ?? NO_METRICS).all, tools.clock);
  const onEvent = (event: BuilderEvent) => {
    parts.onEvent(event);
    report(event);
  };
  const history = new BuildHistory({ zk: store.zk, ...tools });
  return { store, folder, identity, providers, tools, onEvent, history, sandbox, packageDir, config, wishes };
}

/** `compute` of what `input` says now, computed again only when that is another object. */
function rememberLast<I, O>(input: () => I, compute: (value: I) => O): () => O {
  let last: { readonly value: I; readonly result: O } | undefined;
  return () => {
    const value = input();
    if (last === undefined || last.value !== value) last = { value, result: compute(value) };
    return last.result;
  };
}

interface Loop {
  readonly reconciler: Reconciler & { close(reason: string): Promise<void> };
  readonly nudge: Nudge;
  readonly afterPass?: () => void;
}

interface Loops {
  readonly loops: readonly Loop[];
  /** What is to be tried again. */
  readonly waits: () => readonly ImageWait[];
}

function makeLoops(context: BuilderContext, options: BuilderOptions, metrics: Metrics): Loops {
  const nudges = { builds: new Nudge(), uploads: new Nudge(), cleanup: new Nudge(), orphans: new Nudge() };
  // A build that ended may free an upload, a lock, a folder: everybody looks.
  const wake = () => Object.values(nudges).forEach((it) => it.nudge());
  const builds = new BuildReconciler(context, options.buildWorkers, wake);
  const uploads = new UploadReconciler(context, options.uploadWorkers, wake);
  const cleanup = new CleanupReconciler(context, (image) => builds.isBuilding(image), wake);
  const orphans = new OrphanReconciler(context, () => nudges.orphans.nudge());
  const work = {
    hostname: context.identity.fqdn,
    isBuilding: (image: string) => builds.isBuilding(image),
    isUploading: (image: string, provider: string) => uploads.isUploading(image, provider),
  };
  const reportStates = () => {
    const view = context.store.images.view();
    if (view.fresh) reportImages(metrics, view.images, context.wishes(), work);
  };
  const waits = new ImageWaits(builds.retries, uploads.retries, context.tools.clock);
  const { id, fqdn } = context.identity;
  const report = new WaitsReport({ ...context.tools, zk: context.store.zk }, `${id}-${context.tools.random.hex(4)}`);
  const tellWaits = () => report.tell({ builder: fqdn, waits: waits.all() });
  const loops = [
    { reconciler: builds, nudge: nudges.builds, afterPass: tellWaits },
    { reconciler: uploads, nudge: nudges.uploads, afterPass: tellWaits },
    { reconciler: cleanup, nudge: nudges.cleanup, afterPass: reportStates },
    { reconciler: orphans, nudge: nudges.orphans },
  ];
  return { loops, waits: () => waits.all() };
}

function runLoop({ reconciler, nudge, afterPass }: Loop, parts: BuilderParts, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = parts.tools;
  const backoff = new Backoff(PASS_BACKOFF, random);
  const onPass = (outcome: PassOutcome) => {
    afterPass?.();
    parts.onPass?.(outcome);
  };
  return runReconciler(reconciler, { clock, log, nudge, backoff, onPass }, signal);
}

/** Waits for ZooKeeper as long as it takes (zk-tree 1), or until told to stop. */
async function register(
  context: BuilderContext,
  options: BuilderOptions,
  scope: Scope,
  webUrl: string | undefined,
  source: ConfigSource,
  signal: AbortSignal,
): Promise<void> {
  const { hostname, id } = context.identity;
  const about = { hostname, version: options.version, unknown: builderExtras({ builderId: id, webUrl }) };
  const component = { ...about, kind: 'builder', state: 'running', modelApi: 0 } as const;
  const registered = context.store.components.register(component);
  const stopped = aborted(signal);
  const registration = await Promise.race([registered, stopped]);
  if (registration !== undefined) {
    scope.own(registration, (it) => it.unregister());
    const tell = (problem: string | undefined) => {
      const unknown = withConfigError(component.unknown, problem);
      registration.update({ unknown }).catch((error: unknown) => {
        if (!signal.aborted)
          context.tools.log.warn('trouble with the configuration is not in the registry', { err: error });
      });
    };
    const unlisten = source.onProblem?.(tell);
    if (unlisten !== undefined) scope.defer(unlisten);
  }
  // Told to stop before there was a connection: it is closed next, which ends the attempt.
  else registered.catch(() => undefined);
}

/** Cancels the jobs and waits for them and for the loops: for so long, or until told not to. */
async function endJobs(
  loops: readonly Loop[],
  running: Promise<unknown>,
  parts: BuilderParts,
  stop: StopSignals,
): Promise<void> {
  const { clock, log } = parts.tools;
  log.info('builder stops: cancelling what is in hand');
  const enough = new AbortController();
  const ending = loops.map((it) => it.reconciler.close('the builder stops'));
  const ended = Promise.all([running, ...ending]).then(() => true);
  const patience = clock.sleep(DRAIN_MS, AbortSignal.any([enough.signal, stop.now])).then(
    () => false,
    () => false, // told to stop now, or all has ended
  );
  try {
    if (!(await Promise.race([ended, patience])))
      log.warn('stopped without waiting for all jobs to clear up; others will');
  } finally {
    enough.abort();
  }
}
