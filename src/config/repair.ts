import type { KeyPath, Problem } from './problem';
import { YamlFloat, YamlTimestamp } from './yaml-types';

/** An issue as zod's core reports it, before messages are made. */
export interface RawIssue {
  readonly code: string;
  readonly path: KeyPath;
  readonly input?: unknown;
  readonly expected?: string;
  readonly keys?: readonly string[];
  readonly message?: string;
  readonly maximum?: unknown;
  readonly minimum?: unknown;
  /** The schema that refused. */
  readonly inst?: { readonly _zod: { readonly def: { readonly format?: string } } };
  readonly params?: Partial<Pick<Problem, 'atLoad' | 'atValidate' | 'expected' | 'hint'>>;
}

/** What becomes of a value of the wrong kind. Without a message nobody needs to hear of it. */
export interface Repair {
  readonly kind: 'replace' | 'drop' | 'stuck';
  readonly value?: unknown;
  readonly message?: string;
  readonly expected?: string;
  readonly hint?: string;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** What Python makes of a value that its validator would refuse, when it loads the file all the same. */
export function repair(issue: RawIssue): Repair {
  const { input } = issue;
  if (isBeyondIntegers(issue)) return { kind: 'replace', value: issue.maximum ?? issue.minimum };
  const expected =
    WORDS[wantsWhole(issue) ? 'int' : (issue.expected ?? '')] ??
    (issue.code === 'invalid_union' ? 'another kind of value' : 'a valid value');
  const inList = typeof issue.path.at(-1) === 'number';
  const stuck: Repair = { kind: 'stuck', message: `${kindOf(input)} cannot be used here`, expected };
  const network = inList && issue.path.at(-2) === 'networks' ? oldNetwork(input, expected) : undefined;
  if (network !== undefined) return network;
  if (input === null && !inList) return { kind: 'drop', message: 'there is no value; the default is used', expected };
  switch (issue.expected) {
    case 'string':
      return asText(input, expected) ?? (inList ? stuck : dropped(input, expected));
    case 'int':
    case 'number':
      return (
        asNumber(input, wantsWhole(issue), expected) ??
        (inList || isLostLimit(issue) ? stuck : dropped(input, expected))
      );
    case 'boolean':
      return asFlag(input, expected);
    case 'array':
      return typeof input === 'string' ? replaced([input], 'text is taken as a list of one', expected) : stuck;
    case 'object':
    case 'record':
      return stuck;
    default:
      // Of the kinds that a key may choose from one is always text.
      return asText(input, expected) ?? (inList ? stuck : dropped(input, expected));
  }
}

/**
 * A limit that is no number (`four`; `.inf` is one). Left out it would be none at all, which nobody means who writes one; and
 * Python, which loads the file, fails at each comparison, so that nothing is launched there either.
 */
function isLostLimit({ path, input }: RawIssue): boolean {
  return String(path.at(-1)).startsWith('max-') && typeof input !== 'number' && !(input instanceof YamlFloat);
}

/** Networks were mappings before 3.0 (config.md 16). Python loads them still, and finds no such network at each launch. */
function oldNetwork(input: unknown, expected: string): Repair | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const { name, 'net-id': id } = input as Readonly<Record<string, unknown>>;
  const network = [name, id].find((it) => typeof it === 'string');
  const hint = 'write the plain name or id: networks were mappings before 3.0';
  return network === undefined ? undefined : replaced(network, 'a mapping is taken as the name in it', expected, hint);
}

const QUOTE = 'put quotes around it';

const replaced = (value: unknown, message: string, expected: string, hint?: string): Repair => ({
  kind: 'replace',
  value,
  message,
  expected,
  ...(hint === undefined ? {} : { hint }),
});

const dropped = (input: unknown, expected: string): Repair => ({
  kind: 'drop',
  message: `${kindOf(input)} is ignored; the default is used`,
  expected,
});

function asText(input: unknown, expected: string): Repair | undefined {
  if (typeof input === 'number' || input instanceof YamlFloat)
    return replaced(String(input), 'a number is taken as text', expected, QUOTE);
  if (typeof input === 'boolean') {
    return replaced(input ? 'True' : 'False', 'a true or false (yes, on, …) is taken as text', expected, QUOTE);
  }
  if (input instanceof YamlTimestamp) return replaced(input.text, 'a date is taken as text', expected, QUOTE);
  return undefined;
}

/** A whole number that only Python can hold: the largest that we can does as well. */
export function isBeyondIntegers({ maximum, minimum }: RawIssue): boolean {
  return maximum === Number.MAX_SAFE_INTEGER || minimum === Number.MIN_SAFE_INTEGER;
}

/** zod names the kind `number` also where it wants a whole one, until it gets a number. */
function wantsWhole(issue: RawIssue): boolean {
  return issue.expected === 'int' || issue.inst?._zod.def.format === 'safeint';
}

function asNumber(input: unknown, whole: boolean, expected: string): Repair | undefined {
  // Python's booleans are integers, for its validator too.
  if (typeof input === 'boolean') return { kind: 'replace', value: Number(input) };
  if (input instanceof YamlFloat) {
    return !whole
      ? { kind: 'replace', value: input.value }
      : replaced(input.value, 'a number with a fraction is taken as whole', expected, 'leave the fraction out');
  }
  if (typeof input === 'string' && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(input)) {
    return replaced(Number(input), 'text is taken as the number it spells', expected, 'remove the quotes');
  }
  if (typeof input !== 'number' || !Number.isFinite(input) || !whole) return undefined;
  return Number.isSafeInteger(Math.trunc(input))
    ? replaced(Math.trunc(input), 'the fraction is cut off', expected)
    : undefined;
}

/** As Python judges truth: anything that is not empty or zero. */
function asFlag(input: unknown, expected: string): Repair {
  const empty = input === '' || input === 0 || (Array.isArray(input) && input.length === 0);
  const message = `${kindOf(input)} is taken as ${empty ? 'false' : 'true'}`;
  const hint = typeof input === 'string' ? 'write true or false without quotes; any quoted text is true' : undefined;
  return replaced(!empty, message, expected, hint);
}

function kindOf(input: unknown): string {
  if (input === null) return 'an empty value';
  if (Array.isArray(input)) return 'a list';
  if (input instanceof YamlTimestamp) return 'a date';
  if (input instanceof YamlFloat) return 'a number';
  if (typeof input === 'object') return 'a mapping';
  return (
    { string: 'text', number: 'a number', boolean: 'a true or false (yes, on, …)' }[typeof input as string] ?? 'this'
  );
}
