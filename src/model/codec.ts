import { type Field, LONG_NUMBER, type Source } from './field';
import { type Json, RawJson } from './json';
import { objectExtents } from './json-extents';
import { RecordError } from './record-error';
import type { Unknown } from './records';

/** Fields of a record in the order in which Python writes them. */
export type Fields<T extends Unknown> = { readonly [K in Exclude<keyof T, 'unknown'>]-?: Field<T[K]> };

export interface Codec<T extends Unknown> {
  /**
   * The record that a znode's data holds. Missing keys take the defaults of zk-tree 4 to 9, unknown ones are kept.
   * `unsetTime`: UNIX seconds for a record that has no `state_time`; by default 0. Throws a RecordError.
   */
  parse(data: Buffer, unsetTime?: number): T;
  /** What is to be stored: known keys in Python's order, then the unknown ones. */
  print(record: T): Buffer;
}

export interface CodecExtras<T> {
  /** Keys that are neither kept nor written. */
  readonly ignored?: readonly string[];
  /** Keys that are written after a known one, as a copy of it: `{ connection_port: 'ssh_port' }`. */
  readonly copies?: Readonly<Record<string, string>>;
  readonly order?: 'as-listed' | 'sorted';
  /** A last look at the record as a whole. */
  readonly check?: (record: T) => void;
}

export function codec<T extends Unknown>(fields: Fields<T>, extras: CodecExtras<T> = {}): Codec<T> {
  const list = Object.entries(fields) as [string, Field<unknown>][];
  const copies = extras.copies ?? {};
  const known = new Set([...list.map(([, it]) => it.key), ...(extras.ignored ?? []), ...Object.values(copies)]);

  // Copies of one object share its shape from the start: a record that grows field by field is copied several times.
  const blank: Readonly<Record<string, unknown>> = Object.fromEntries(list.map(([name]) => [name, undefined]));

  const parse = (data: Buffer, unsetTime = 0): T => {
    const source = open(data, unsetTime);
    const record = { ...blank };
    for (const [name, field] of list) {
      const value = source.json[field.key];
      record[name] = value === undefined ? field.missing(source) : field.read(value, source);
    }
    const unknown = unknownOf(source, known);
    if (unknown !== undefined) record['unknown'] = unknown;
    extras.check?.(record as unknown as T);
    return record as unknown as T;
  };

  const print = (record: T): Buffer => {
    const members: [string, string][] = [];
    for (const [name, field] of list) {
      const text = field.print((record as Record<string, unknown>)[name]);
      if (text === undefined) continue;
      members.push([field.key, text]);
      const copy = copies[field.key];
      if (copy !== undefined) members.push([copy, text]);
    }
    if (extras.order === 'sorted') members.sort(([one], [other]) => (one < other ? -1 : 1));
    for (const [key, raw] of Object.entries(record.unknown ?? {})) if (!known.has(key)) members.push([key, raw.text]);
    return Buffer.from(`{${members.map(([key, text]) => `${JSON.stringify(key)}: ${text}`).join(', ')}}`);
  };

  return { parse, print };
}

/** Python decodes strictly and accepts no byte order mark. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function open(data: Buffer, unsetTime: number): Source {
  if (data.length === 0) throw new RecordError('empty');
  const text = decode(data);
  const json = parseObject(text);
  let extents: Map<string, string> | undefined; // most records need no second look at their text
  const hasLongNumber = LONG_NUMBER.test(text);
  return { json, unsetTime, hasLongNumber, text: (key) => (extents ??= objectExtents(text)).get(key)! };
}

function decode(data: Buffer): string {
  try {
    return decoder.decode(data);
  } catch (error) {
    throw new RecordError('not UTF-8', { cause: error });
  }
}

function parseObject(text: string): Readonly<Record<string, Json>> {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (error) {
    throw new RecordError('not JSON', { cause: error });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new RecordError('not a JSON object');
  return json as Readonly<Record<string, Json>>;
}

function unknownOf(source: Source, known: ReadonlySet<string>): Readonly<Record<string, RawJson>> | undefined {
  let unknown: [string, RawJson][] | undefined;
  for (const key of Object.keys(source.json)) {
    if (known.has(key)) continue;
    (unknown ??= []).push([key, RawJson.ofText(source.text(key))]);
  }
  return unknown === undefined ? undefined : Object.fromEntries(unknown); // also right for a key called __proto__
}
