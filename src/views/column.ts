import { RawJson, type Json } from '../model/json';
import { pythonFloat, pythonLiteral } from './python-literal';

/** What a cell may hold. Opaque JSON keeps its text. */
export type Cell = Json | RawJson | undefined;

/** One column of a list: the header of the table, and the stable field name of the other formats. */
export interface Column<Row> {
  readonly header: string;
  readonly field: string;
  value(row: Row): Cell;
  /** How the table shows it, where not by the rules of `cellText`. */
  readonly text?: (row: Row) => string;
  /** It grows while nothing happens. */
  readonly isAge?: boolean;
}

/** A list to show. */
export interface View<Row = never> {
  readonly columns: readonly Column<Row>[];
  /** Columns that are shown only when asked for; rows can be picked and sorted by them all the same. */
  readonly more?: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

/** What the table shows for a value (cli.md 3). */
export function cellText(value: Cell): string {
  if (value instanceof RawJson) return jsonCellText(value.text);
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : pythonFloat(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(cellText).join(',');
  return pythonLiteral(JSON.stringify(value));
}

function jsonCellText(text: string): string {
  const trimmed = text.trim();
  if (trimmed === 'null') return '';
  if (trimmed.startsWith('"')) return JSON.parse(trimmed) as string;
  if (trimmed.startsWith('[')) return (JSON.parse(trimmed) as Json[]).map(cellText).join(',');
  return pythonLiteral(trimmed);
}

/** Elapsed time as `DD:HH:MM:SS`, days unbounded, fractions cut; a time to come counts as now. */
export function ageText(sinceSeconds: number, nowSeconds: number): string {
  const age = Math.max(0, Math.floor(nowSeconds - sinceSeconds));
  const parts = [Math.floor(age / 86_400), Math.floor(age / 3600) % 24, Math.floor(age / 60) % 60, age % 60];
  return parts.map((it) => String(it).padStart(2, '0')).join(':');
}

/** A column of ages: `DD:HH:MM:SS` in tables, seconds elsewhere. */
export function ageColumn<Row>(
  header: string,
  field: string,
  since: (row: Row) => number | null | undefined,
  nowSeconds: number,
): Column<Row> {
  const known = (row: Row) => since(row) ?? undefined;
  return {
    header,
    field,
    isAge: true,
    value: (row) => {
      const at = known(row);
      return at === undefined ? null : Math.max(0, Math.floor((nowSeconds - at) * 1000) / 1000);
    },
    text: (row) => {
      const at = known(row);
      return at === undefined ? '' : ageText(at, nowSeconds);
    },
  };
}
