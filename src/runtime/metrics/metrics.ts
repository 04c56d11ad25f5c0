import type { Labels, MetricDefinition, Point } from './definition';

/** Where numbers are reported. Never throws and never waits: nobody's work depends on who listens. */
export interface Metrics {
  /** Adds to a counter. */
  count<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, by?: number): void;
  /** One measured duration, milliseconds. */
  time<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, ms: number): void;
  /** What a gauge shows now; it keeps that until told otherwise. */
  set<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, value: number): void;
  /** All gauges of the definition there are: those told the last time and not now become 0 once, and vanish. */
  replace<L extends string>(definition: MetricDefinition<L>, points: readonly Point<L>[]): void;
  /** The gauges of the definition are somebody else's business from now on: forgets them without a last word. */
  withdraw<L extends string>(definition: MetricDefinition<L>): void;
}

/** Listens to nothing. */
export const silentMetrics: Metrics = {
  count: () => undefined,
  time: () => undefined,
  set: () => undefined,
  replace: () => undefined,
  withdraw: () => undefined,
};

/** Tells several. */
export function allOf(...sinks: readonly Metrics[]): Metrics {
  return {
    count: (definition, labels, by) => sinks.forEach((it) => it.count(definition, labels, by)),
    time: (definition, labels, ms) => sinks.forEach((it) => it.time(definition, labels, ms)),
    set: (definition, labels, value) => sinks.forEach((it) => it.set(definition, labels, value)),
    replace: (definition, points) => sinks.forEach((it) => it.replace(definition, points)),
    withdraw: (definition) => sinks.forEach((it) => it.withdraw(definition)),
  };
}
