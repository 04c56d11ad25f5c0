import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricDefinition } from './definition';
import type { Metrics } from './metrics';
import type { PrometheusMetrics } from './prometheus';

/** Names as other programs on Node.js have them, so that dashboards fit. */
export const PROCESS_METRICS = {
  cpu: counter('process_cpu_seconds_total', 'User and system time of the process'),
  started: gauge('process_start_time_seconds', 'UNIX time at which the process began'),
  resident: gauge('process_resident_memory_bytes', 'Memory of the process in RAM'),
  heap: gauge('nodejs_heap_size_used_bytes', 'Heap in use'),
  lagMean: gauge('nodejs_eventloop_lag_mean_seconds', 'Delay of the event loop since the last scrape, mean'),
  lagP99: gauge('nodejs_eventloop_lag_p99_seconds', 'Delay of the event loop since the last scrape, 99th percentile'),
  lagMax: gauge('nodejs_eventloop_lag_max_seconds', 'Delay of the event loop since the last scrape, longest'),
} as const;

function gauge(name: string, help: string): MetricDefinition<never> {
  return { kind: 'gauge', help, labels: [], prometheus: { name } };
}

function counter(name: string, help: string): MetricDefinition<never> {
  return { kind: 'counter', help, labels: [], prometheus: { name } };
}

/** Each look wakes the process: oftener would be most of what an idle daemon costs. */
const RESOLUTION_MS = 50;

/** Shows how this process fares. Returns how to stop. */
export function watchProcess(prometheus: PrometheusMetrics, startedAtSeconds: number): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let told = 0;
  const stop = prometheus.onScrape((metrics: Metrics) => {
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    metrics.count(PROCESS_METRICS.cpu, {}, cpuSeconds - told);
    told = cpuSeconds;
    const { rss, heapUsed } = process.memoryUsage();
    metrics.set(PROCESS_METRICS.started, {}, startedAtSeconds);
    metrics.set(PROCESS_METRICS.resident, {}, rss);
    metrics.set(PROCESS_METRICS.heap, {}, heapUsed);
    metrics.set(PROCESS_METRICS.lagMean, {}, lagSeconds(delay.mean));
    metrics.set(PROCESS_METRICS.lagP99, {}, lagSeconds(delay.percentile(99)));
    metrics.set(PROCESS_METRICS.lagMax, {}, lagSeconds(delay.max));
    delay.reset();
  });
  return () => {
    stop();
    delay.disable();
  };
}

/** The histogram measures from one look to the next, in nanoseconds: beyond its own rhythm it is delay. */
function lagSeconds(betweenNs: number): number {
  return Number.isFinite(betweenNs) ? Math.max(0, betweenNs / 1e6 - RESOLUTION_MS) / 1000 : 0;
}
