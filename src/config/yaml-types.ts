import yaml from 'js-yaml';

/**
 * Scalars as YAML 1.1 reads them and PyYAML implements it (config.md 1): `yes` is true, `010` is eight, `1:30` is ninety,
 * `2024-01-01` is a date, `1e3` is text.
 */
const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const TRUE = /^(?:yes|true|on)$/i;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INT =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const TIME =
  /^([0-9]{4})-([0-9][0-9]?)-([0-9][0-9]?)(?:[Tt]|[ \t]+)([0-9][0-9]?):([0-9]{2}):([0-9]{2})(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?$/;

/** A date or time of the file. Nothing in a configuration is one: it is text that looked like it. */
export class YamlTimestamp {
  /** Lets js-yaml use `toString` where one is a key. */
  readonly [Symbol.toStringTag] = 'YamlTimestamp';

  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** A float without a fraction: as text Python writes `8.0`, and JavaScript's numbers cannot tell it from `8`. */
export class YamlFloat {
  readonly [Symbol.toStringTag] = 'YamlFloat';

  constructor(readonly value: number) {}

  toString(): string {
    return Math.abs(this.value) < 1e16 ? this.value.toFixed(1) : this.value.toExponential();
  }
}

const scalar = (tag: string, matches: (text: string) => boolean, construct: (text: string) => unknown) =>
  new yaml.Type(`tag:yaml.org,2002:${tag}`, {
    kind: 'scalar',
    resolve: (text: string | null) => matches(text ?? ''),
    construct: (text: string | null) => construct(text ?? ''),
  });

const base60 = (digits: string) => digits.split(':').reduce((sum, it) => sum * 60 + Number(it), 0);

function signed(text: string, read: (digits: string) => number): number {
  const digits = text.replace(/_/g, '').replace(/^[-+]/, '');
  const value = read(digits);
  return text.startsWith('-') && value !== 0 ? -value : value;
}

function readInt(digits: string): number {
  if (/^0[bx]/.test(digits)) return Number(digits);
  if (digits.length > 1 && digits.startsWith('0')) return parseInt(digits, 8);
  return base60(digits);
}

function floatOf(text: string): number | YamlFloat {
  const value = signed(text, readFloat);
  return Number.isInteger(value) ? new YamlFloat(value) : value;
}

function readFloat(digits: string): number {
  const lower = digits.toLowerCase();
  if (lower === '.inf') return Infinity;
  if (lower === '.nan') return NaN;
  return lower.includes(':') ? base60(lower) : Number(lower);
}

/** Python cannot make a date of the 31st of February: the file does not load. */
function readTimestamp(text: string): YamlTimestamp {
  const [year, month, day] = (text.match(/[0-9]+/g) ?? []).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    throw new yaml.YAMLException(`no such date: ${text}`);
  return new YamlTimestamp(text);
}

/** js-yaml exports its own types; its typings do not know. */
const own = (yaml as unknown as { readonly types: Record<'merge' | 'binary' | 'omap' | 'pairs' | 'set', yaml.Type> })
  .types;

/** The schema that a configuration file is read with. */
export const YAML_1_1 = yaml.FAILSAFE_SCHEMA.extend({
  implicit: [
    scalar(
      'null',
      (it) => NULL.test(it),
      () => null,
    ),
    scalar(
      'bool',
      (it) => BOOL.test(it),
      (it) => TRUE.test(it),
    ),
    scalar(
      'int',
      (it) => INT.test(it),
      (it) => signed(it, readInt),
    ),
    scalar('float', (it) => FLOAT.test(it), floatOf),
    scalar('timestamp', (it) => DATE.test(it) || TIME.test(it), readTimestamp),
    own.merge,
  ],
  explicit: [own.binary, own.omap, own.pairs, own.set],
});
