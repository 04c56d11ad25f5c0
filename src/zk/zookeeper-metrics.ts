import type { Clock } from '../runtime/clock';
import { BUCKETS, type MetricDefinition } from '../runtime/metrics/definition';
import type { PrometheusMetrics } from '../runtime/metrics/prometheus';
import type { ConnectionState, ZooKeeper } from './client';
import { observedZooKeeper, type ObservedZooKeeper } from './observed';

export const ZOOKEEPER_METRICS = {
  requests: {
    kind: 'timer',
    help: 'Requests to ZooKeeper by name and outcome (OK, or the name of the error)',
    labels: ['request', 'outcome'],
    prometheus: { name: 'zookeeper_request_seconds', bucketsSeconds: BUCKETS.calls },
  } satisfies MetricDefinition<'request' | 'outcome'>,
  pending: {
    kind: 'gauge',
    help: 'Requests that ZooKeeper has not answered yet',
    labels: [],
    prometheus: { name: 'zookeeper_pending_requests' },
  } satisfies MetricDefinition<never>,
  state: {
    kind: 'gauge',
    help: '1 for the state that the connection is in, 0 for the others',
    labels: ['state'],
    prometheus: { name: 'zookeeper_connection_state' },
  } satisfies MetricDefinition<'state'>,
  lost: {
    kind: 'counter',
    help: 'Sessions that were lost',
    labels: [],
    prometheus: { name: 'zookeeper_sessions_lost_total' },
  } satisfies MetricDefinition<never>,
} as const;

const STATES: readonly ConnectionState[] = ['connecting', 'connected', 'suspended', 'lost', 'closed'];

/** Shows how a client's requests and its connection fare. Use what it returns instead of the client. */
export function reportZooKeeper(
  zk: ZooKeeper,
  prometheus: PrometheusMetrics,
  clock: Clock,
): { readonly zk: ObservedZooKeeper; stop(): void } {
  const observed = observedZooKeeper(zk, clock, ({ request, outcome, ms }) =>
    prometheus.time(ZOOKEEPER_METRICS.requests, { request, outcome }, ms),
  );
  prometheus.count(ZOOKEEPER_METRICS.lost, {}, 0);
  const stops = [
    zk.onState((state) => {
      if (state === 'lost') prometheus.count(ZOOKEEPER_METRICS.lost, {});
    }),
    prometheus.onScrape((metrics) => {
      metrics.set(ZOOKEEPER_METRICS.pending, {}, observed.pending);
      for (const state of STATES) metrics.set(ZOOKEEPER_METRICS.state, { state }, zk.state === state ? 1 : 0);
    }),
  ];
  return { zk: observed, stop: () => stops.forEach((it) => it()) };
}
