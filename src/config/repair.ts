import type { KeyPath, Problem } from './problem';
import { YamlTimestamp } from './yaml-types';

/** An issue as zod's core reports it, before messages are made. */
export interface RawIssue {
  readonly code: string;
  readonly path: KeyPath;
  readonly input?: unknown;
  readonly expected?: string;
  readonly keys?: readonly string[];
  readonly message?: string;
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
  const expected =
    WORDS[issue.expected ?? ''] ?? (issue.code === 'invalid_union' ? 'another kind of value' : 'a valid value');
  const inList = typeof issue.path.at(-1) === 'number';
  const stuck: Repair = { kind: 'stuck', message: `${kindOf(input)} cannot be used here`, expected };
  if (input === null && !inList) return { kind: 'drop', message: 'there is no value; the default is used', expected };
  switch (issue.expected) {
    case 'string':
      return asText(input, expected) ?? (inList ? stuck : dropped(input, expected));
    case 'int':
    case 'number':
      return asNumber(input, issue.expected, expected) ?? (inList ? stuck : dropped(input, expected));
    case 'boolean':
      return asFlag(input, expected);
    case 'array':
      return typeof input === 'string' ? replaced([input], 'text is taken as a list of one', expected) : stuck;
    case 'object':
    case 'record':
      return stuck;
    default:
      return inList ? stuck : dropped(input, expected);
  }
}

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
  const quote = 'put quotes around it';
  if (typeof input === 'number') return replaced(String(input), 'a number is taken as text', expected, quote);
  if (typeof input === 'boolean') {
    return replaced(input ? 'True' : 'False', 'a true or false (yes, on, …) is taken as text', expected, quote);
  }
  if (input instanceof YamlTimestamp) return replaced(input.text, 'a date is taken as text', expected, quote);
  return undefined;
}

function asNumber(input: unknown, wanted: 'int' | 'number', expected: string): Repair | undefined {
  // Python's booleans are integers, for its validator too.
  if (typeof input === 'boolean') return { kind: 'replace', value: Number(input) };
  if (typeof input === 'string' && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(input)) {
    return replaced(Number(input), 'text is taken as the number it spells', expected, 'remove the quotes');
  }
  if (typeof input !== 'number' || !Number.isFinite(input) || wanted !== 'int') return undefined;
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
  if (typeof input === 'object') return 'a mapping';
  return (
    { string: 'text', number: 'a number', boolean: 'a true or false (yes, on, …)' }[typeof input as string] ?? 'this'
  );
}
