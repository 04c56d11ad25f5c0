import { z } from 'zod';
import { nearestKey } from './nearest-key';
import { oldKeyHint, oldKeysWithin } from './old-keys';
import type { KeyPath, Problem } from './problem';
import { isBeyondIntegers, repair, type RawIssue } from './repair';
import { FATAL, STRICTER, type Verdict } from './schema-atoms';
import { YamlFloat } from './yaml-types';

/** A problem before file and position are known; `path` from the top of the file. */
export type Finding = Omit<Problem, 'file' | 'line' | 'column' | 'key'> & { readonly path: KeyPath };

export interface SectionContext {
  readonly path: KeyPath;
  readonly report: (finding: Finding) => void;
  /** Who insists on keys that the schema cannot do without; default both. */
  readonly missing?: Verdict;
}

/**
 * Reads a part of the file by its schema as forgivingly as Python loads it: unknown keys are left out, values of the wrong
 * kind become what Python makes of them or the default, and each time it is reported. Returns undefined when something is
 * missing that loading cannot do without; everything else wrong with the part is reported all the same.
 */
export function readSection<T>(schema: z.ZodType<T>, value: unknown, context: SectionContext): T | undefined {
  const asItIs = run(schema, value);
  if (asItIs.issues.length === 0) return plain(asItIs.output) as T;
  let input = copy(value); // repairs are made to a copy: aliases may stand elsewhere, too
  // Each round repairs at least one place for good, so the number of rounds is bounded by the size of the part.
  for (;;) {
    const { output, issues } = run(schema, input);
    const kinds = issues.filter((it) => it.code !== 'custom');
    if (kinds.length === 0) {
      for (const it of issues) context.report(customFinding(it, context.path));
      return plain(output) as T;
    }
    const holder = { input };
    const outcomes = kinds.map((it) => settle(schema, it, holder, context));
    input = holder.input;
    if (outcomes.includes('stuck')) {
      for (const it of issues.filter((issue) => issue.code === 'custom')) {
        context.report(customFinding(it, context.path));
      }
      return undefined;
    }
  }
}

/** Like `safeParse`, but with the output also where there are issues that leave the value whole. */
function run<T>(schema: z.ZodType<T>, input: unknown): { output: T; issues: RawIssue[] } {
  const result = schema._zod.run({ value: input, issues: [] }, { async: false, jitless: true });
  if (result instanceof Promise) throw new TypeError('a schema of the configuration must not be asynchronous');
  const issues = result.issues.map((it) => ({ ...it, path: it.path ?? [] })) as unknown as RawIssue[];
  return { output: result.value as T, issues };
}

function settle<T>(schema: z.ZodType<T>, issue: RawIssue, holder: { input: unknown }, context: SectionContext) {
  const at = [...context.path, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys ?? []) {
      const parent = parentOf(holder.input, [...issue.path, key]) as Record<string, unknown>;
      context.report(unknownKey(schema, issue.path, at, key));
      if (oldKeyHint(at, key) !== undefined) {
        for (const it of oldKeysWithin([...at, key], parent[key])) context.report(oldKey(it));
      }
      delete parent[key];
    }
    return 'repaired';
  }
  if (issue.input === undefined && issue.code === 'invalid_type') {
    const message = `key "${String(at.at(-1))}" is missing`;
    context.report({ path: at, message, ...(context.missing ?? FATAL) });
    return 'stuck';
  }
  if (!['invalid_type', 'invalid_union'].includes(issue.code) && !isBeyondIntegers(issue)) {
    // Limits and patterns are in schemas of drivers that Python does not have: nothing to be lenient for.
    context.report({ path: at, message: limitMessage(issue), ...FATAL });
    return 'stuck';
  }
  const fix = repair(issue);
  if (fix.message !== undefined) {
    const expected = fix.expected === undefined ? {} : { expected: fix.expected };
    const hint = fix.hint === undefined ? {} : { hint: fix.hint };
    context.report({
      path: at,
      message: fix.message,
      ...expected,
      ...hint,
      ...(fix.kind === 'stuck' ? FATAL : STRICTER),
    });
  }
  if (fix.kind === 'stuck') return 'stuck';
  const parent = parentOf(holder.input, issue.path) as Record<string | number, unknown> | undefined;
  const key = issue.path.at(-1);
  if (parent === undefined || key === undefined) return 'stuck';
  if (fix.kind === 'drop') delete parent[key];
  else parent[key] = fix.value;
  return 'repaired';
}

function limitMessage(issue: RawIssue): string {
  const made = issue.message ?? z.config().localeError?.(issue as never);
  return (typeof made === 'string' ? made : made?.message) ?? 'not a valid value';
}

function unknownKey(schema: z.core.$ZodType, inner: KeyPath, at: KeyPath, key: string): Finding {
  const near = nearestKey(schema, inner, key);
  const hint = oldKeyHint(at, key) ?? (near === undefined ? undefined : `did you mean "${near}"?`);
  const message = `${oldKeyHint(at, key) === undefined ? 'unknown' : 'old'} key "${key}" is ignored`;
  return { path: [...at, key], message, ...(hint === undefined ? {} : { hint }), ...STRICTER };
}

function oldKey({ path, hint }: { readonly path: KeyPath; readonly hint: string }): Finding {
  return { path, message: `old key "${String(path.at(-1))}" is ignored`, hint, ...STRICTER };
}

function customFinding(issue: RawIssue, path: KeyPath): Finding {
  const { atLoad, atValidate, expected, hint } = { ...STRICTER, ...issue.params };
  return {
    path: [...path, ...issue.path],
    message: issue.message ?? 'not valid',
    atLoad,
    atValidate,
    ...(expected === undefined ? {} : { expected }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function parentOf(root: unknown, path: KeyPath): unknown {
  return path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string | number, unknown>)?.[key], root);
}

/** Floats that no schema looked at become numbers; what has none is returned as it is. */
function plain(value: unknown): unknown {
  if (value instanceof YamlFloat) return value.value;
  if (!Array.isArray(value) && !isMapping(value)) return value;
  return hasFloat(value) ? plainCopy(value) : value;
}

function hasFloat(value: unknown): boolean {
  if (value instanceof YamlFloat) return true;
  if (Array.isArray(value)) return value.some(hasFloat);
  if (!isMapping(value)) return false;
  for (const key in value) if (hasFloat(value[key])) return true;
  return false;
}

function plainCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  const pairs = Object.entries(value as Readonly<Record<string, unknown>>);
  return Object.fromEntries(pairs.map(([key, inner]) => [key, plain(inner)]));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Deep, of what YAML makes: mappings and lists are copied, aliases become copies, everything else is kept. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)]));
}
