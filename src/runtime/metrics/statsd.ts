import type { Labels, MetricDefinition, Point } from './definition';
import { GaugeFamilies } from './gauge-families';
import type { Metrics } from './metrics';
import { counterLines, gaugeLines, timerLines } from './statsd-lines';

/** Reports to statsd, through whatever takes the lines. */
export class StatsdMetrics implements Metrics {
  readonly #families = new GaugeFamilies();

  constructor(private readonly out: { add(lines: readonly string[]): void }) {}

  count<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, by = 1): void {
    this.out.add(counterLines(definition, labels, by));
  }

  time<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, ms: number): void {
    this.out.add(timerLines(definition, labels, ms));
  }

  set<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, value: number): void {
    this.out.add(gaugeLines(definition, labels, value));
  }

  /** statsd keeps the last value for ever: what is gone is told as 0, once. */
  replace<L extends string>(definition: MetricDefinition<L>, points: readonly Point<L>[]): void {
    if (definition.statsd === undefined) return;
    const gone = this.#families.replace(definition, points);
    this.out.add(points.flatMap(({ labels, value }) => gaugeLines(definition, labels, value)));
    this.out.add(gone.flatMap((it) => gaugeLines(definition, it, 0)));
  }

  withdraw<L extends string>(definition: MetricDefinition<L>): void {
    this.#families.withdraw(definition);
  }
}
