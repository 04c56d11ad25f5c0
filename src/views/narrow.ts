import { RawJson } from '../model/json';
import { cellText, type Cell, type Column, type View } from './column';
import { parseDuration } from './duration';

/** What was asked of a list beyond its rows; the texts are those of the command line. */
export interface Narrowing {
  /** Columns to show, in this order. */
  readonly fields?: readonly string[];
  /** `FIELD=VALUE`; all of them must hold. */
  readonly filters?: readonly string[];
  /** Fields to sort by; one that begins with `-` sorts from the other end. */
  readonly sort?: readonly string[];
}

/** What was asked for makes no sense; `option` says which of them. */
export class NarrowError extends Error {
  override readonly name = 'NarrowError';

  constructor(
    readonly option: keyof Narrowing,
    message: string,
  ) {
    super(message);
  }
}

/** The rows that pass all filters, sorted, with the columns that were asked for. Throws a NarrowError. */
export function narrow<Row>(view: View<Row>, { fields, filters = [], sort = [] }: Narrowing): View<Row> {
  const all = [...view.columns, ...(view.more ?? [])];
  const tests = filters.map((it) => parseFilter(all, it));
  const keys = sort.map((it) => ({
    column: find(all, 'sort', it.replace(/^-/, '')),
    direction: it.startsWith('-') ? -1 : 1,
  }));
  const columns = fields?.map((it) => find(all, 'fields', it)) ?? view.columns;
  const picked = view.rows.filter((row) => tests.every((test) => test(row)));
  const rows = keys.length === 0 ? picked : sorted(picked, keys);
  return { columns, rows };
}

function find<Row>(columns: readonly Column<Row>[], option: keyof Narrowing, name: string): Column<Row> {
  const found = columns.find((it) => it.field.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new NarrowError(option, `no field '${name}' (choose from ${columns.map((it) => it.field).join(', ')})`);
}

const FILTER = /^([\w-]+)(!=|<=|>=|=|<|>)(.*)$/s;

function parseFilter<Row>(columns: readonly Column<Row>[], text: string): (row: Row) => boolean {
  const [, name, operator, operand] = FILTER.exec(text) ?? [];
  if (name === undefined || operator === undefined || operand === undefined) {
    throw new NarrowError('filters', `'${text}' is not FIELD=VALUE (also !=, <, <=, >, >=)`);
  }
  const column = find(columns, 'filters', name);
  if (operator === '=' || operator === '!=') {
    const patterns = operand.split(',').map(toPattern);
    const isMet = (row: Row) => namesOf(column, row).some((it) => patterns.some((pattern) => pattern.test(it)));
    return operator === '=' ? isMet : (row) => !isMet(row);
  }
  const limit = parseDuration(operand);
  if (limit === undefined)
    throw new NarrowError('filters', `'${operand}' is neither a number nor a time like 90s, 15m, 2h, 1d`);
  const compare = COMPARISONS[operator as keyof typeof COMPARISONS];
  return (row) => {
    const value = column.value(row);
    return typeof value === 'number' && compare(value, limit);
  };
}

const COMPARISONS = {
  '<': (one: number, other: number) => one < other,
  '<=': (one: number, other: number) => one <= other,
  '>': (one: number, other: number) => one > other,
  '>=': (one: number, other: number) => one >= other,
};

/** `*` stands for any text. */
function toPattern(text: string): RegExp {
  return new RegExp(
    `^${text
      .split('*')
      .map((it) => it.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );
}

/** What a value is called in tables and elsewhere; of a list also each of its items. */
function namesOf<Row>(column: Column<Row>, row: Row): readonly string[] {
  const value = column.value(row);
  const items = Array.isArray(value) && value.length > 0 ? value.map((it) => cellText(it as Cell)) : [];
  return [...items, plainText(value), column.text?.(row) ?? cellText(value)];
}

function plainText(value: Cell): string {
  if (value instanceof RawJson) return value.text;
  return typeof value === 'string' ? value : JSON.stringify(value ?? '').replace(/^""$/, '');
}

interface SortKey<Row> {
  readonly column: Column<Row>;
  readonly direction: 1 | -1 | number;
}

function sorted<Row>(rows: readonly Row[], keys: readonly SortKey<Row>[]): Row[] {
  const ranked = rows.map((row) => ({ row, values: keys.map((it) => rankOf(it.column.value(row))) }));
  ranked.sort((one, other) => {
    for (const [index, { direction }] of keys.entries()) {
      const order = compareRanks(one.values[index], other.values[index], direction);
      if (order !== 0) return order;
    }
    return 0;
  });
  return ranked.map((it) => it.row);
}

type Rank = number | string | undefined;

function rankOf(value: Cell): Rank {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'number') return value;
  const text = value instanceof RawJson ? value.text : cellText(value);
  return text === '' ? undefined : text;
}

/** What is empty comes last, whichever way is sorted; numbers before texts. */
function compareRanks(one: Rank, other: Rank, direction: number): number {
  if (one === other) return 0;
  if (one === undefined) return 1;
  if (other === undefined) return -1;
  if (typeof one !== typeof other) return typeof one === 'number' ? -direction : direction;
  return one < other ? -direction : direction;
}
