import { type Json, RawJson } from './json';
import { RecordError } from './record-error';

/** How one key of a record is read and written. */
export interface Field<V> {
  /** As in the JSON. */
  readonly key: string;
  /** What a missing key means. Called with the raw object for fields that fall back to another key. */
  readonly missing: (source: Source) => V;
  /** The value of a key that is there; throws a RecordError if it cannot be one. */
  readonly read: (value: Json, source: Source) => V;
  /** JSON text, or undefined where the key is to be omitted. */
  readonly print: (value: V) => string | undefined;
}

/** One record being read. */
export interface Source {
  readonly json: Readonly<Record<string, Json>>;
  /** Text of the value of a key that is there, as written. */
  text(key: string): string;
  /** Whether a number somewhere in it may be more than a double holds. */
  readonly hasLongNumber: boolean;
  /** For a record without `state_time`: UNIX seconds to use instead. */
  readonly unsetTime: number;
}

const wrong = (key: string, what: string) => new RecordError(`${key} is not ${what}`);

/** Texts of nested values with numbers that a double cannot hold; printed as they were while they stay the same object. */
const exactTexts = new WeakMap<object, string>();
export const LONG_NUMBER = /\d{16}/;

/** JSON text of a value, exact even for values read from a record. */
export function printJson(value: Json): string {
  if (typeof value === 'object' && value !== null) return exactTexts.get(value) ?? JSON.stringify(value);
  return JSON.stringify(value);
}

function remember<V extends Json>(value: V, key: string, source: Source): V {
  if (typeof value !== 'object' || value === null || !source.hasLongNumber) return value;
  const text = source.text(key);
  if (LONG_NUMBER.test(text)) exactTexts.set(value, text);
  return value;
}

const field = <V>(it: Field<V>): Field<V> => it;

/** A string or null. */
export const text = (key: string, missing: string | null = null): Field<string | null> =>
  field({
    key,
    missing: () => missing,
    read: (value) => {
      if (value !== null && typeof value !== 'string') throw wrong(key, 'a string');
      return value;
    },
    print: (value) => JSON.stringify(value),
  });

/** One of the listed words, required: an unknown one makes Python throw, so no record has one (zk-tree 3). */
export const state = <S extends string>(states: readonly S[]): Field<S> =>
  field<S>({
    key: 'state',
    missing: () => {
      throw new RecordError('state is missing');
    },
    read: (value) => {
      const known = states.find((it) => it === value);
      if (known === undefined) throw new RecordError(`state ${JSON.stringify(value)} is unknown`);
      return known;
    },
    print: (value) => JSON.stringify(value),
  });

/** UNIX seconds; a record without them counts as changed when the znode was. */
export const stateTime: Field<number> = field({
  key: 'state_time',
  missing: ({ unsetTime }) => unsetTime,
  read: (value, { unsetTime }) => {
    if (value === null) return unsetTime;
    if (typeof value !== 'number') throw wrong('state_time', 'a number');
    return value;
  },
  print: (value) => JSON.stringify(value),
});

/** A number or null. */
export const number = (key: string): Field<number | null> =>
  field({
    key,
    missing: () => null,
    read: (value) => {
      if (value !== null && typeof value !== 'number') throw wrong(key, 'a number');
      return value;
    },
    print: (value) => JSON.stringify(value),
  });

/** A number; null counts as missing. */
export const numberOr = (key: string, missing: number): Field<number> =>
  field({
    key,
    missing: () => missing,
    read: (value) => {
      if (value === null) return missing;
      if (typeof value !== 'number') throw wrong(key, 'a number');
      return value;
    },
    print: (value) => JSON.stringify(value),
  });

/** True or false; null is false, as Python sees it. */
export const flag = (key: string, missing: boolean): Field<boolean> =>
  field({
    key,
    missing: () => missing,
    read: (value) => {
      if (value !== null && typeof value !== 'boolean') throw wrong(key, 'true or false');
      return value ?? false;
    },
    print: (value) => JSON.stringify(value),
  });

/** A list of strings; null is empty. */
export const texts = (key: string): Field<readonly string[]> =>
  field({
    key,
    missing: () => [],
    read: (value) => readTexts(key, value),
    print: (value) => JSON.stringify(value),
  });

/** A list of strings that old writers wrote as one string (zk-tree 8, `type`). */
export const textsOrText = (key: string): Field<readonly string[]> => ({
  ...texts(key),
  read: (value) => (typeof value === 'string' ? [value] : readTexts(key, value)),
});

function readTexts(key: string, value: Json): readonly string[] {
  if (value === null) return [];
  if (!Array.isArray(value) || !value.every((it) => typeof it === 'string')) throw wrong(key, 'a list of strings');
  return value as readonly string[];
}

/** Any value, looked at by us or by drivers; printed exactly as read while unchanged. */
export const any = (key: string, missing: (source: Source) => Json = () => null): Field<Json> =>
  field({ key, missing, read: (value, source) => remember(value, key, source), print: printJson });

/** An object or null. */
export const object = (key: string): Field<Readonly<Record<string, Json>> | null> =>
  field({
    key,
    missing: () => null,
    read: (value, source) => {
      if (value === null) return null;
      if (!isObject(value)) throw wrong(key, 'an object');
      return remember(value, key, source);
    },
    print: printJson,
  });

/** An object of numbers or null. */
export const amounts = (key: string): Field<Readonly<Record<string, number>> | null> =>
  field({
    key,
    missing: () => null,
    read: (value, source) => {
      if (value === null) return null;
      if (!isObject(value) || !isAmounts(value)) throw wrong(key, 'an object of numbers');
      return remember(value, key, source);
    },
    print: printJson,
  });

/** Not ours to look into: digit for digit as it came (zk-tree 3). */
export const opaque = (key: string): Field<RawJson | null> =>
  field({
    key,
    missing: () => null,
    read: (value, source) => (value === null ? null : RawJson.ofText(source.text(key))),
    print: (value) => (value === null ? 'null' : value.text),
  });

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAmounts(value: Readonly<Record<string, Json>>): value is Readonly<Record<string, number>> {
  return Object.values(value).every((it) => typeof it === 'number');
}
