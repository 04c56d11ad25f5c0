/** What kinds of numbers there are. A timer is told in milliseconds. */
export type MetricKind = 'gauge' | 'counter' | 'timer';

/** How Prometheus shows a metric; times in seconds, as its users expect. */
export interface PrometheusForm {
  readonly name: string;
  /** Upper bounds of a timer's histogram, seconds; see `BUCKETS`. */
  readonly bucketsSeconds?: readonly number[];
}

/**
 * A metric and its names, declared once: whoever reports it only says values. Without `statsd` it is not sent there, without
 * `prometheus` it is not shown there (names made of what anybody may choose would grow without bound).
 */
export interface MetricDefinition<L extends string = string> {
  readonly kind: MetricKind;
  /** One line for people. */
  readonly help: string;
  readonly labels: readonly L[];
  /** `a.{label}.b`; in the value of `{label~}` dots and colons become `_`. */
  readonly statsd?: string;
  /** A timer that statsd gets as a counter of the same name as well. */
  readonly counted?: boolean;
  readonly prometheus?: PrometheusForm;
}

export type Labels<L extends string = string> = Readonly<Record<L, string>>;

/** One value of a family of gauges. */
export interface Point<L extends string = string> {
  readonly labels: Labels<L>;
  readonly value: number;
}

/** Bounds of histograms, seconds, for what takes about so long. */
export const BUCKETS = {
  calls: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  launches: [1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600],
  jobs: [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800],
} as const;

/** Tells label sets apart; a NUL cannot be in a name. */
export function labelKey(definition: MetricDefinition, labels: Labels): string {
  return definition.labels.map((it) => labels[it] ?? '').join('\0');
}
