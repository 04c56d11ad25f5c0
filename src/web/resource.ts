import { RawJson } from '../model/json';
import type { Cell } from '../views/column';
import { maskCell } from './mask-cell';
import { RowBlocks } from './row-blocks';
import { joinRows } from './row-bytes';
import type { Part, SeenTree } from './seen-tree';

/** The part of JSON Schema (OpenAPI 3.1) that is needed here. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly (string | null)[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

export interface ResourceField<Row> {
  readonly name: string;
  readonly schema: JsonSchema;
  value(row: Row): Cell;
  /** Rows can be asked for by this field: a query parameter of its name. Of a list: those that contain the value. */
  readonly isFilter?: true;
}

/** Things of one kind below `/api/v1`. */
export interface Resource<Row extends object = object> {
  /** Plural: `nodes`. */
  readonly name: string;
  /** Of the schema: `Node`. */
  readonly schemaName: string;
  readonly description: string;
  readonly part: Part;
  /** Path of one, after the name: `/:id`; absent if they are only listed. */
  readonly one?: {
    readonly path: string;
    find(tree: SeenTree, params: Readonly<Record<string, string>>): Row | undefined;
  };
  readonly fields: readonly ResourceField<Row>[];
  /** Immutable objects that are the same as long as what they show is. */
  rows(tree: SeenTree): readonly Row[];
}

/** Puts rows into words, each once as long as it is what it was. */
export class ResourceWords<Row extends object> {
  readonly #known = new WeakMap<Row, string>();
  readonly #blocks = new RowBlocks<Row, { readonly rows: readonly Row[]; bytes: Buffer | undefined }>((rows) => ({
    rows,
    bytes: undefined,
  }));

  constructor(private readonly fields: readonly ResourceField<Row>[]) {}

  /** All rows that there are. */
  all(rows: readonly Row[]): Buffer {
    if (rows.length === 0) return Buffer.from(NONE);
    const blocks = this.#blocks.of(rows).map((it) => {
      it.bytes ??= Buffer.from(it.rows.map((row) => this.#words(row)).join(BETWEEN));
      return { bytes: it.bytes, ages: [] };
    });
    return joinRows(HEAD, blocks, BETWEEN, TAIL, 0);
  }

  /** Some of the rows. */
  some(rows: readonly Row[]): string {
    return rows.length === 0 ? NONE : HEAD + rows.map((it) => this.one(it)).join(BETWEEN) + TAIL;
  }

  one(row: Row): string {
    const known = this.#known.get(row);
    if (known !== undefined) return known;
    const text = this.#words(row);
    this.#known.set(row, text);
    return text;
  }

  #words(row: Row): string {
    return `{${this.fields.map((it) => `${JSON.stringify(it.name)}:${valueText(it.value(row))}`).join(',')}}`;
  }
}

const NONE = '[]\n';
const [HEAD, BETWEEN, TAIL] = ['[\n', ',\n', '\n]\n'];

function valueText(value: Cell): string {
  const masked = maskCell(value);
  return masked instanceof RawJson ? masked.text : JSON.stringify(masked ?? null);
}

/** The rows that have, for each name, one of the values asked for. */
export function filtered<Row>(
  rows: readonly Row[],
  fields: readonly ResourceField<Row>[],
  wanted: ReadonlyMap<string, readonly string[]>,
): readonly Row[] {
  const tests = fields.flatMap((field) => {
    const values = wanted.get(field.name);
    return field.isFilter !== true || values === undefined ? [] : [{ field, values }];
  });
  if (tests.length === 0) return rows;
  return rows.filter((row) => tests.every(({ field, values }) => hasOneOf(field.value(row), values)));
}

function hasOneOf(value: Cell, values: readonly string[]): boolean {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.some((it) => values.includes(it === null || it === undefined ? '' : String(it as string)));
}
