import type { Clock } from '../runtime/clock';
import type { Metrics } from '../runtime/metrics/metrics';
import type { BuilderEvent, BuildFailure, OnBuilderEvent } from './events';
import { BUILDER_METRICS } from './metrics-definitions';

/** Reports builds and uploads when they end (metrics.md 3). */
export function reportBuilderEvents(metrics: Metrics, clock: Clock): OnBuilderEvent {
  return (event) => {
    switch (event.kind) {
      case 'build-ready':
        for (const [format, bytes] of Object.entries(event.bytes))
          metrics.set(BUILDER_METRICS.size, { image: event.key.image, format }, bytes);
        return reportBuild(metrics, { image: event.key.image, result: 'ready', exitCode: 0, ms: event.tookMs }, clock);
      case 'build-failed':
        return reportFailedBuild(metrics, event, clock);
      case 'upload-ready':
        return reportUpload(metrics, event);
      case 'upload-failed': {
        const { image, provider } = event.key;
        return metrics.time(BUILDER_METRICS.uploads, { image, provider, result: event.failure.cause }, event.tookMs);
      }
      default:
        return undefined;
    }
  };
}

/** Nothing is said of a build whose tool did not run. */
function reportFailedBuild(metrics: Metrics, event: Extract<BuilderEvent, { kind: 'build-failed' }>, clock: Clock) {
  const { image, failure, tookMs } = event;
  const exitCode = exitCodeOf(failure);
  if (tookMs === undefined || exitCode === undefined) return;
  reportBuild(metrics, { image, result: failure.cause, exitCode, ms: tookMs }, clock);
}

/** The tool is killed by KILL when it may not go on. */
const KILLED = -9;

function exitCodeOf({ cause, exitCode }: BuildFailure): number | undefined {
  if (exitCode !== undefined) return exitCode;
  if (cause === 'timeout') return 1;
  return cause === 'cancelled' || cause === 'session-lost' ? KILLED : undefined;
}

function reportBuild(
  metrics: Metrics,
  build: { readonly image: string; readonly result: string; readonly exitCode: number; readonly ms: number },
  clock: Clock,
): void {
  const { image, result, exitCode, ms } = build;
  metrics.time(BUILDER_METRICS.duration, { image }, ms);
  metrics.set(BUILDER_METRICS.returnCode, { image }, exitCode);
  metrics.set(BUILDER_METRICS.lastBuild, { image }, Math.floor(clock.wall() / 1000));
  metrics.time(BUILDER_METRICS.builds, { image, result }, ms);
}

function reportUpload(metrics: Metrics, { key, tookMs }: Extract<BuilderEvent, { kind: 'upload-ready' }>): void {
  const { image, provider } = key;
  metrics.time(BUILDER_METRICS.update, { image, provider }, tookMs);
  metrics.time(BUILDER_METRICS.uploads, { image, provider, result: 'ready' }, tookMs);
}
