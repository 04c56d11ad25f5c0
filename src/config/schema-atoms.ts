import { z } from 'zod';

/**
 * The words the schemas of the configuration file are written in. Values are named by what the file says, not by what
 * Python's validator calls them. Every key carries a sentence (`.describe`): it becomes the published schema and page.
 */
export const text = () => z.string();
export const integer = () => z.int();
export const number = () => z.number();
export const flag = () => z.boolean();
export const texts = () => z.array(z.string());
export const textMap = () => z.record(z.string(), z.string());
export const integerMap = () => z.record(z.string(), z.int());
/** A mapping whose values Python takes as they are and the clouds want as text. */
export const looseTextMap = () =>
  z.record(
    z.string(),
    z.union([
      z.string(),
      z.number().transform(String),
      z.boolean().transform((it) => (it ? 'True' : 'False')),
      z.null().transform(() => 'None'),
    ]),
  );
export const anyMap = () => z.record(z.string(), z.unknown());

/** One of two kinds of value. */
export const choiceOf = <A extends z.ZodType, B extends z.ZodType>(a: A, b: B) => z.union([a, b]);

/**
 * What a problem means. Python has two judges that disagree: its `config-validate` is strict about keys and types, its
 * daemons load nearly anything. Each problem says for both whether the file is turned away (config.md 1, 14).
 */
export interface Verdict {
  readonly atLoad: 'error' | 'warning';
  readonly atValidate: 'error' | 'warning';
}

/** What the validator refuses and the daemons swallow: the usual case. */
export const STRICTER: Verdict = { atLoad: 'warning', atValidate: 'error' };
/** What only loading refuses. */
export const ONLY_LOAD: Verdict = { atLoad: 'error', atValidate: 'warning' };
/** What both refuse. */
export const FATAL: Verdict = { atLoad: 'error', atValidate: 'error' };
/** What Python accepts without a word, and we remark on. */
export const REMARK: Verdict = { atLoad: 'warning', atValidate: 'warning' };

/**
 * Demands on a mapping that go beyond its single keys. None of them stops a file from loading. Keys named here must not
 * have defaults: the rules see the mapping after defaults were filled in.
 */
export interface Rules {
  /** Keys the validator insists on, while loading gets by without them. */
  readonly required?: readonly string[];
  /** Of each group exactly one key. */
  readonly exactlyOne?: readonly (readonly string[])[];
  /** Of each group one key or more. */
  readonly atLeastOne?: readonly (readonly string[])[];
  /** Of each group one key or none. */
  readonly atMostOne?: readonly (readonly string[])[];
  /** A key and those that may not stand beside it. */
  readonly excludes?: Readonly<Record<string, readonly string[]>>;
  /** Keys that are read when loading but that Python's validator does not know. */
  readonly loadOnly?: readonly string[];
}

/**
 * A mapping with known keys. A key that is neither optional nor has a default is one that loading cannot do without (a
 * `name`); keys that only the validator insists on are optional here and listed in `rules.required`.
 */
export function mapping<S extends z.ZodRawShape>(shape: S, rules: Rules = {}): z.ZodObject<S, z.core.$strict> {
  return z
    .strictObject(shape)
    .check((ctx) => {
      for (const it of brokenRules(ctx.value, rules)) {
        const { message, path, ...params } = it;
        ctx.issues.push({ code: 'custom', message, path: [...path], params, input: ctx.value, continue: true });
      }
    })
    .meta(ruleMeta(rules));
}

/** A text out of a list that the validator knows; others still load. */
export function choice(values: readonly string[]): z.ZodString {
  return z
    .string()
    .check((ctx) => {
      if (values.includes(ctx.value)) return;
      const message = `"${ctx.value}" is not a known value`;
      const params = { ...STRICTER, expected: `one of ${values.join(', ')}` };
      ctx.issues.push({ code: 'custom', message, params, input: ctx.value, continue: true });
    })
    .meta({ enum: [...values] });
}

interface BrokenRule extends Verdict {
  readonly message: string;
  readonly path: readonly string[];
  readonly expected?: string;
}

function brokenRules(value: object, rules: Rules): BrokenRule[] {
  const has = (key: string) => (value as Record<string, unknown>)[key] !== undefined;
  const problem = (message: string, path: string[] = [], verdict = STRICTER) => ({ message, path, ...verdict });
  const list = (keys: readonly string[]) => keys.map((it) => `"${it}"`).join(', ');
  const several = [...(rules.exactlyOne ?? []), ...(rules.atMostOne ?? [])].filter((it) => it.filter(has).length > 1);
  const none = [...(rules.exactlyOne ?? []), ...(rules.atLeastOne ?? [])].filter((it) => !it.some(has));
  const excluded = Object.entries(rules.excludes ?? {}).flatMap(([key, others]) =>
    has(key) ? others.filter(has).map((other) => ({ key, other })) : [],
  );
  return [
    ...(rules.required ?? []).filter((it) => !has(it)).map((it) => problem(`key "${it}" is missing`)),
    ...several.map((it) => problem(`${list(it.filter(has))} exclude each other`)),
    ...none.map((it) => problem(`one of ${list(it)} is needed`)),
    ...excluded.map(({ key, other }) => problem(`"${other}" cannot stand beside "${key}"`, [other])),
    ...(rules.loadOnly ?? [])
      .filter(has)
      .map((it) => problem(`key "${it}" works, but Python's config-validate rejects it`, [it], REMARK)),
  ];
}

/** The rules in words of JSON Schema, merged into what zod writes for the mapping. */
function ruleMeta(rules: Rules): Record<string, unknown> {
  const needs = (key: string) => ({ required: [key] });
  const allOf = [
    ...(rules.required ?? []).map(needs),
    ...(rules.exactlyOne ?? []).map((keys) => ({ oneOf: keys.map(needs) })),
    ...(rules.atLeastOne ?? []).map((keys) => ({ anyOf: keys.map(needs) })),
    ...(rules.atMostOne ?? []).map((keys) => ({
      oneOf: [...keys.map(needs), { not: { anyOf: keys.map(needs) } }],
    })),
    ...Object.entries(rules.excludes ?? {}).map(([key, others]) => ({
      not: { allOf: [needs(key), { anyOf: others.map(needs) }] },
    })),
  ];
  return allOf.length === 0 ? {} : { allOf };
}
