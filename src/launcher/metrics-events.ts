import type { Metrics } from '../runtime/metrics/metrics';
import type { LaunchResult } from './launch-result';
import { LAUNCH_METRICS, LEAKED, REQUEST_METRICS } from './metrics-definitions';

/** One attempt of a launch, at its end. */
export interface LaunchReport {
  readonly provider: string;
  readonly label: string;
  readonly az: string | null;
  readonly requestor: string | null;
  readonly result: LaunchResult;
  /** From the first step of the launch: not begun anew with each attempt. */
  readonly ms: number;
}

/** metrics.md 6. */
export function reportLaunch(metrics: Metrics, { provider, label, az, requestor, result, ms }: LaunchReport): void {
  metrics.time(LAUNCH_METRICS.all, { result }, ms);
  metrics.time(LAUNCH_METRICS.byProvider, { provider, result }, ms);
  if (az !== null && az !== '') metrics.time(LAUNCH_METRICS.byZone, { provider, az, result }, ms);
  if (requestor !== null && requestor !== '') metrics.time(LAUNCH_METRICS.byRequestor, { requestor, result }, ms);
  metrics.time(LAUNCH_METRICS.byLabel, { provider, label, result }, ms);
}

/** A request that a pool had in hand, when it lets go. */
export interface RequestReport {
  readonly provider: string;
  readonly pool: string;
  readonly end: string;
  readonly isMinReady: boolean;
  /** From its filing, by the clocks of ZooKeeper's server and our own; undefined if that was not seen. */
  readonly waitedMs: number | undefined;
}

export function reportRequest(metrics: Metrics, { provider, pool, end, isMinReady, waitedMs }: RequestReport): void {
  metrics.count(REQUEST_METRICS.ended, { provider, pool, end });
  if (end !== 'fulfilled' || waitedMs === undefined) return;
  const kind = isMinReady ? 'min-ready' : 'scheduler';
  metrics.time(REQUEST_METRICS.handOver, { provider, pool, requestor_kind: kind }, Math.max(0, waitedMs));
}

/** Resources that were leaked and are removed now (metrics.md 7). */
export function reportLeaks(metrics: Metrics, provider: string, kind: string, count: number): void {
  metrics.count(LEAKED, { provider, kind }, count);
}

/** What leaked instances are called: as each driver of Python calls them. */
export function leakedInstanceKind(driver: string): string {
  return driver === 'kubernetes' ? 'nodes' : 'instances';
}
