import type { Labels, MetricDefinition } from './definition';

/**
 * Lines of the statsd protocol (metrics.md 1 and 2), without line ends. What the protocol itself uses in a line cannot be
 * part of a name: `:`, `|`, `@`, `#` and blanks become `_`, and no part is longer than 200 characters.
 */
export function statsdName(template: string, labels: Labels): string {
  return template.replace(/\{(\w+)(~?)\}/g, (_all, label: string, tidy: string) => {
    const value = (labels[label] ?? '').slice(0, 200);
    const plain = value.replace(/[\s|@#:\u0000-\u001f\u007f]/g, '_');
    return tidy === '' ? plain : plain.replaceAll('.', '_');
  });
}

/** One line, or several that must travel together; none for a metric that statsd does not get. */
export function counterLines(definition: MetricDefinition, labels: Labels, by: number): readonly string[] {
  if (definition.statsd === undefined) return [];
  return [`${statsdName(definition.statsd, labels)}:${decimal(by)}|c`];
}

export function timerLines(definition: MetricDefinition, labels: Labels, ms: number): readonly string[] {
  if (definition.statsd === undefined) return [];
  const name = statsdName(definition.statsd, labels);
  return [`${name}:${decimal(ms)}|ms`, ...(definition.counted === true ? [`${name}:1|c`] : [])];
}

/** A sign would mean *by so much*, so a negative gauge is set to 0 first, as the Python client does. */
export function gaugeLines(definition: MetricDefinition, labels: Labels, value: number): readonly string[] {
  if (definition.statsd === undefined) return [];
  const name = statsdName(definition.statsd, labels);
  const line = `${name}:${decimal(value)}|g`;
  return value < 0 ? [`${name}:0|g\n${line}`] : [line];
}

/** Up to three places, never an exponent; `inf` for what has no limit. */
function decimal(value: number): string {
  if (value === Infinity) return 'inf';
  if (!Number.isFinite(value)) return '0';
  if (Number.isInteger(value)) return BigInt(value).toString();
  return value.toFixed(3).replace(/\.?0+$/, '');
}
