import { type Labels, labelKey, type MetricDefinition, type Point } from './definition';

/** Remembers which gauges of a family were told, to know which are gone. */
export class GaugeFamilies {
  readonly #told = new Map<MetricDefinition, ReadonlyMap<string, Labels>>();

  /** Takes note of the new points, and returns the label sets that were there before and are gone now. */
  replace(definition: MetricDefinition, points: readonly Point[]): readonly Labels[] {
    const now = new Map(points.map((it) => [labelKey(definition, it.labels), it.labels]));
    const before = this.#told.get(definition) ?? new Map<string, Labels>();
    this.#told.set(definition, now);
    return [...before].flatMap(([key, labels]) => (now.has(key) ? [] : [labels]));
  }

  /** Forgets the family and returns what it had. */
  withdraw(definition: MetricDefinition): readonly Labels[] {
    const before = this.#told.get(definition);
    this.#told.delete(definition);
    return [...(before?.values() ?? [])];
  }
}
