import { type Labels, labelKey, type MetricDefinition, type Point } from './definition';
import type { Metrics } from './metrics';

/** One report, as it was made. */
export interface Recorded {
  readonly how: 'count' | 'time' | 'set';
  readonly definition: MetricDefinition;
  readonly labels: Labels;
  readonly value: number;
}

/** Keeps every report, for whoever wants to look at them one by one. */
export class RecordedMetrics implements Metrics {
  readonly all: Recorded[] = [];

  count<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, by = 1): void {
    this.all.push({ how: 'count', definition, labels, value: by });
  }

  time<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, ms: number): void {
    this.all.push({ how: 'time', definition, labels, value: ms });
  }

  set<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, value: number): void {
    this.all.push({ how: 'set', definition, labels, value });
  }

  replace<L extends string>(definition: MetricDefinition<L>, points: readonly Point<L>[]): void {
    for (const { labels, value } of points) this.set(definition, labels, value);
  }

  withdraw(): void {
    // What was recorded stays.
  }

  /** The last value reported with just these labels. */
  last<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>): number | undefined {
    const key = labelKey(definition, labels);
    return this.of(definition).findLast((it) => labelKey(definition, it.labels) === key)?.value;
  }

  of(definition: MetricDefinition): readonly Recorded[] {
    return this.all.filter((it) => it.definition === definition);
  }
}
