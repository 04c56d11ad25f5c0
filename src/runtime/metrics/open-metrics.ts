import type { Clock } from '../clock';
import type { Logger } from '../log';
import { allOf, type Metrics, silentMetrics } from './metrics';
import { Packets } from './packets';
import { watchProcess } from './process-metrics';
import { PrometheusMetrics } from './prometheus';
import { StatsdMetrics } from './statsd';
import { statsdTarget } from './statsd-target';
import { UdpSender } from './udp-sender';

/** Where a program reports what it does. */
export interface MetricSinks {
  /** Everything that happens goes here, and from here to all below. */
  readonly all: Metrics;
  /** Undefined where nobody asked for it. */
  readonly statsd: Metrics | undefined;
  readonly prometheus: PrometheusMetrics | undefined;
}

export const NO_METRICS: MetricSinks = { all: silentMetrics, statsd: undefined, prometheus: undefined };

export interface OpenMetrics extends MetricSinks {
  readonly prometheus: PrometheusMetrics;
  /** Sends what is left. */
  close(): Promise<void>;
}

/** As the environment says (metrics.md 1). A wrong setting is said in the log and left out; metrics stop no program. */
export function openMetrics(
  env: Readonly<Record<string, string | undefined>>,
  tools: { readonly clock: Clock; readonly log: Logger },
): OpenMetrics {
  const prometheus = new PrometheusMetrics();
  const unwatch = watchProcess(prometheus, tools.clock.wall() / 1000);
  const push = openStatsd(env, tools);
  return {
    prometheus,
    statsd: push?.metrics,
    all: push === undefined ? prometheus : allOf(push.metrics, prometheus),
    close: async () => {
      unwatch();
      await push?.close();
    },
  };
}

function openStatsd(env: Parameters<typeof openMetrics>[0], tools: Parameters<typeof openMetrics>[1]) {
  let target: ReturnType<typeof statsdTarget>;
  try {
    target = statsdTarget(env);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    tools.log.error('no metrics are sent', { err: error });
    return undefined;
  }
  if (target === undefined) return undefined;
  const sender = new UdpSender(target, tools);
  const packets = new Packets((it) => sender.send(it), tools.clock);
  return {
    metrics: new StatsdMetrics(packets),
    close: async () => {
      packets.flush();
      await sender.close();
    },
  };
}
