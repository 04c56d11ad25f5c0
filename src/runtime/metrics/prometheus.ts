import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { BUCKETS, type Labels, labelKey, type MetricDefinition, type Point } from './definition';
import { GaugeFamilies } from './gauge-families';
import type { Metrics } from './metrics';

/** What a scrape is answered with. */
export interface Exposition {
  /** `Content-Type`. */
  readonly type: string;
  readonly text: string;
}

/** Label sets of one metric at a time; what more there would be is left out, and counted. */
const MOST_SERIES = 5_000;

const DROPPED: MetricDefinition<'metric'> = {
  kind: 'counter',
  help: 'Values left out because their metric has too many label sets',
  labels: ['metric'],
  prometheus: { name: 'nodepool_metric_values_dropped_total' },
};

type Instrument =
  | { readonly kind: 'gauge'; readonly of: Gauge }
  | { readonly kind: 'counter'; readonly of: Counter }
  | { readonly kind: 'timer'; readonly of: Histogram };

/** Keeps numbers for Prometheus to fetch. */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #instruments = new Map<MetricDefinition, Instrument>();
  readonly #series = new Map<MetricDefinition, Set<string>>();
  readonly #families = new GaugeFamilies();
  readonly #beforeScrape = new Set<(metrics: Metrics) => void>();

  constructor(private readonly mostSeries = MOST_SERIES) {}

  /** Called before each answer, for gauges that are only worth a look when somebody asks. Returns how to stop. */
  onScrape(listener: (metrics: Metrics) => void): () => void {
    this.#beforeScrape.add(listener);
    return () => this.#beforeScrape.delete(listener);
  }

  /** Everything now, in the text format 0.0.4. */
  async exposition(): Promise<Exposition> {
    for (const listener of this.#beforeScrape) listener(this);
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  count<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, by = 1): void {
    const it = this.#instrument(definition, labels);
    if (it?.kind === 'counter') it.of.inc(only(definition, labels), by);
  }

  time<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, ms: number): void {
    const it = this.#instrument(definition, labels);
    if (it?.kind === 'timer') it.of.observe(only(definition, labels), ms / 1000);
  }

  set<L extends string>(definition: MetricDefinition<L>, labels: Labels<L>, value: number): void {
    const it = this.#instrument(definition, labels);
    if (it?.kind === 'gauge') it.of.set(only(definition, labels), value);
  }

  replace<L extends string>(definition: MetricDefinition<L>, points: readonly Point<L>[]): void {
    this.#remove(definition, this.#families.replace(definition, points));
    for (const { labels, value } of points) this.set(definition, labels, value);
  }

  withdraw<L extends string>(definition: MetricDefinition<L>): void {
    this.#remove(definition, this.#families.withdraw(definition));
  }

  #remove(definition: MetricDefinition, gone: readonly Labels[]): void {
    const it = this.#instruments.get(definition);
    for (const labels of gone) {
      it?.of.remove(only(definition, labels));
      this.#series.get(definition)?.delete(labelKey(definition, labels));
    }
  }

  #instrument(definition: MetricDefinition, labels: Labels): Instrument | undefined {
    const { prometheus } = definition;
    if (prometheus === undefined) return undefined;
    let instrument = this.#instruments.get(definition);
    if (instrument === undefined) {
      instrument = this.#make(definition, prometheus);
      this.#instruments.set(definition, instrument);
      this.#series.set(definition, new Set());
    }
    const series = this.#series.get(definition)!;
    const key = labelKey(definition, labels);
    if (series.has(key)) return instrument;
    if (series.size >= this.mostSeries) {
      this.count(DROPPED, { metric: prometheus.name });
      return undefined;
    }
    series.add(key);
    return instrument;
  }

  #make(definition: MetricDefinition, { name, bucketsSeconds }: NonNullable<MetricDefinition['prometheus']>) {
    const { kind, help, labels } = definition;
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
    switch (kind) {
      case 'gauge':
        return { kind, of: new Gauge(options) } as const;
      case 'counter':
        return { kind, of: new Counter(options) } as const;
      case 'timer':
        return { kind, of: new Histogram({ ...options, buckets: [...(bucketsSeconds ?? BUCKETS.calls)] }) } as const;
    }
  }
}

/** Just the labels that are declared: the library refuses others. */
function only(definition: MetricDefinition, labels: Labels): Record<string, string> {
  return Object.fromEntries(definition.labels.map((it) => [it, labels[it] ?? '']));
}
