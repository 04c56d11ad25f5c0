import { BUCKETS, type MetricDefinition } from '../runtime/metrics/definition';
import type { Metrics } from '../runtime/metrics/metrics';
import type { ObservedCall } from './observed';

/** Each try by itself, as it reached the driver. */
export const PROVIDER_CALLS: MetricDefinition<'provider' | 'call' | 'outcome'> = {
  kind: 'timer',
  help: 'Calls of a provider by name and outcome (ok, aborted, or the code of the error)',
  labels: ['provider', 'call', 'outcome'],
  prometheus: { name: 'nodepool_provider_call_seconds', bucketsSeconds: BUCKETS.calls },
};

/** What to hand to `openProvider` as `onCall`. */
export function reportCalls(metrics: Metrics): (call: ObservedCall) => void {
  return ({ provider, call, outcome, ms }) => metrics.time(PROVIDER_CALLS, { provider, call, outcome }, ms);
}
