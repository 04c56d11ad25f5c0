import type { Config } from '../config/types';
import type { Resources } from '../model/records';
import { type MetricSinks } from '../runtime/metrics/open-metrics';
import type { Metrics } from '../runtime/metrics/metrics';
import type { Reconciler } from '../runtime/reconcile';
import type { View } from '../store/api';
import { Leadership } from './leadership';
import { type Loop, startLoop } from './loop';
import { FLEET_METRICS, INTERNAL_METRICS, STATS_LEADER } from './metrics-definitions';
import { reportConfiguration, reportFleet, reportQueue, reportQuota } from './metrics-fleet';
import type { LauncherTools } from './tools';
import type { World } from './world';

/** Least distance between two reports (metrics.md 11). */
const REPORT_MS = 1_000;
const INTERNAL_MS = 10_000;
/** A fleet where nothing happens is told of nevertheless, for a statsd that was started meanwhile. */
const IDLE_MS = 60_000;

/** What is reported about, besides the tree. */
export interface ReportedLauncher {
  config(): Config;
  /** Of the providers that are connected. */
  available(): ReadonlyMap<string, Resources | undefined>;
}

/**
 * Sends the gauges of metrics.md 4, 5 and 8 to statsd while that is configured, those of the fleet only while elected, and
 * shows the same to Prometheus whenever it asks. Events are reported where they happen.
 */
export class MetricsReporter implements Reconciler {
  readonly name = 'metrics';
  #fleetIsOld = true;
  #fleetAtMs = -Infinity;
  #internalAtMs = -Infinity;
  #leadership: Leadership | undefined;
  #loop: Loop | undefined;
  readonly #stops: (() => void)[] = [];

  private constructor(
    private readonly sinks: MetricSinks,
    private readonly launcher: ReportedLauncher,
    private readonly world: World,
    private readonly tools: LauncherTools,
  ) {}

  static start(sinks: MetricSinks, launcher: ReportedLauncher, world: World, tools: LauncherTools): MetricsReporter {
    const reporter = new MetricsReporter(sinks, launcher, world, tools);
    reporter.#start();
    return reporter;
  }

  /** Reports no more, and lets another be elected. */
  async stop(): Promise<void> {
    for (const it of this.#stops) it();
    await this.#loop?.stop();
    await this.#leadership?.resign();
  }

  pass(): Promise<{ readonly againInMs: number }> {
    const { statsd } = this.sinks;
    if (statsd !== undefined) this.#send(statsd, this.tools.clock.monotonic());
    return Promise.resolve({ againInMs: REPORT_MS });
  }

  #start(): void {
    const { prometheus, statsd } = this.sinks;
    if (prometheus !== undefined) this.#stops.push(prometheus.onScrape((it) => this.#show(it)));
    if (statsd === undefined) return;
    this.#stops.push(this.world.onChange(() => (this.#fleetIsOld = true)));
    this.#leadership = new Leadership('stats', this.tools, () => this.#onLeadership(statsd));
    this.#loop = startLoop(this, this.tools);
  }

  #onLeadership(statsd: Metrics): void {
    this.#fleetIsOld = true;
    // The next one sends them: a last word of ours would contradict it.
    if (this.#leadership?.leads !== true) for (const it of Object.values(FLEET_METRICS)) statsd.withdraw<string>(it);
  }

  #send(statsd: Metrics, now: number): void {
    reportConfiguration(statsd, this.launcher.config());
    if (now - this.#internalAtMs >= INTERNAL_MS) {
      this.#internalAtMs = now;
      this.#reportInternal(statsd);
    }
    if (this.#leadership?.leads !== true || !this.world.fresh) return;
    if (!this.#fleetIsOld && now - this.#fleetAtMs < IDLE_MS) return;
    this.#fleetIsOld = false;
    this.#fleetAtMs = now;
    reportFleet(statsd, this.#fleet());
  }

  #show(prometheus: Metrics): void {
    reportConfiguration(prometheus, this.launcher.config());
    this.#reportInternal(prometheus);
    reportQuota(prometheus, this.#quota());
    prometheus.set(STATS_LEADER, {}, this.#leadership?.leads === true ? 1 : 0);
    if (!this.world.fresh) return; // the last numbers are nearer to the truth than an empty tree
    const fleet = this.#fleet();
    reportFleet(prometheus, fleet);
    reportQueue(prometheus, fleet);
  }

  #fleet() {
    const { nodes, requests, components } = this.world;
    const pools = [...components.pools.values()].map((it) => it.component);
    return { nodes: nodes.all(), requests: [...requests.all()], pools };
  }

  #quota() {
    return [...this.launcher.available()].map(([provider, available]) => ({
      provider,
      available,
      used: this.world.nodes.used(provider),
    }));
  }

  #reportInternal(metrics: Metrics): void {
    const { store, hostname } = this.tools;
    const { zk } = store;
    const tell = (definition: (typeof INTERNAL_METRICS)['nodeEvents'], value: number) =>
      metrics.set(definition, { hostname }, value);
    const backlog = (view: View, events: typeof INTERNAL_METRICS.nodeEvents, playback: typeof events) => {
      tell(events, view.backlog.waiting);
      tell(playback, view.backlog.reading);
    };
    tell(INTERNAL_METRICS.connectionQueue, 'pending' in zk && typeof zk.pending === 'number' ? zk.pending : 0);
    backlog(store.nodes.view(), INTERNAL_METRICS.nodeEvents, INTERNAL_METRICS.nodePlayback);
    backlog(store.requests.view(), INTERNAL_METRICS.requestEvents, INTERNAL_METRICS.requestPlayback);
    backlog(store.images.view(), INTERNAL_METRICS.imageEvents, INTERNAL_METRICS.imagePlayback);
  }
}
