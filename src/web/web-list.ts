import { ageText, cellText, type Cell } from '../views/column';
import { displayWidth } from '../views/display-width';
import { gridText, padded, splitLines } from '../views/table';
import { maskCell } from './mask-cell';
import { pythonJson } from './python-json';
import { ageLength, type AgeSlot, hasRoom, joinRows, type RowBytes } from './row-bytes';

/**
 * A column of one of the lists of webapp.md 6. `since`: a time that tables show as elapsed, JSON as UNIX seconds; `elapsed`:
 * JSON shows the elapsed text too.
 */
export interface WebColumn<Row> {
  readonly field: string;
  readonly header: string;
  readonly kind?: 'since' | 'elapsed';
  value(row: Row): Cell;
  /** Where the table shows something else than the rules of cells say. */
  readonly text?: (row: Row) => string;
}

/** What is kept of a row: everything but what time changes. */
interface KnownRow {
  /** Table cells; of a column of time the time it counts from, undefined if there is none. */
  readonly cells: readonly (string | number | undefined)[];
  /** Of the cells that are text; 0 for times. */
  readonly widths: readonly number[];
  json: RowBytes | undefined;
  /** For a table whose columns are so wide. */
  text: (RowBytes & { readonly widths: string }) | undefined;
}

/**
 * A list of rows as text and JSON. Rows are immutable objects that live as long as what they show: each is put into bytes
 * once, and later lists copy these, and write ages into them.
 */
export class WebList<Row extends object> {
  readonly #known = new WeakMap<Row, KnownRow>();

  constructor(private readonly columns: readonly WebColumn<Row>[]) {}

  /** Whether the text, or the JSON, of the same rows changes with time. */
  changesWithTime(as: 'text' | 'json'): boolean {
    return this.columns.some((it) => it.kind === 'elapsed' || (as === 'text' && it.kind === 'since'));
  }

  /** A table (cli.md 3). `fields` picks columns by their JSON keys; order is that of the list, unknown keys are ignored. */
  text(rows: readonly Row[], nowSeconds: number, fields?: ReadonlySet<string>): Buffer {
    const known = rows.map((it) => this.#knownOf(it));
    return fields === undefined ? this.#table(known, nowSeconds) : this.#someColumns(known, nowSeconds, fields);
  }

  /** An array of objects in the notation of Python's `json.dumps`. */
  json(rows: readonly Row[], nowSeconds: number): Buffer {
    const bytes = rows.map((row) => {
      const known = this.#knownOf(row);
      if (known.json === undefined || !hasRoom(known.json, nowSeconds)) {
        known.json = jsonBytes(this.columns, row, nowSeconds);
      }
      return known.json;
    });
    return joinRows('[', bytes, ', ', ']', nowSeconds);
  }

  #someColumns(rows: readonly KnownRow[], nowSeconds: number, fields: ReadonlySet<string>): Buffer {
    const shown = this.columns.flatMap((it, index) => (fields.has(it.field) ? [index] : []));
    const headers = shown.map((it) => this.columns[it]!.header);
    const cells = rows.map((row) => shown.map((it) => shownCell(row.cells[it], nowSeconds)));
    return Buffer.from(gridText(headers, cells));
  }

  #table(rows: readonly KnownRow[], nowSeconds: number): Buffer {
    const headers = this.columns.map((it) => it.header);
    const widths = this.#widths(rows, nowSeconds);
    const key = widths.join(' ');
    const bytes = rows.map((row) => {
      if (row.text?.widths !== key || !hasRoom(row.text, nowSeconds)) {
        row.text = { ...textBytes(row, widths, nowSeconds), widths: key };
      }
      return row.text;
    });
    const rule = `+${widths.map((it) => '-'.repeat(it + 2)).join('+')}+\n`;
    return joinRows(`${rule}${tableLine(headers, widths)}${rule}`, bytes, '', rule, nowSeconds);
  }

  #widths(rows: readonly KnownRow[], nowSeconds: number): readonly number[] {
    const widest = this.columns.map((it) => displayWidth(it.header));
    for (const { cells, widths } of rows) {
      for (let index = 0; index < widest.length; index += 1) {
        const cell = cells[index];
        const own = typeof cell === 'number' ? ageLength(cell, nowSeconds) : widths[index]!;
        if (own > widest[index]!) widest[index] = own;
      }
    }
    return widest;
  }

  #knownOf(row: Row): KnownRow {
    const before = this.#known.get(row);
    if (before !== undefined) return before;
    const cells = this.columns.map((it) => cellOf(it, row));
    const widths = cells.map((it) => (typeof it === 'string' ? widthOf(it) : 0));
    const known = { cells, widths, json: undefined, text: undefined };
    this.#known.set(row, known);
    return known;
  }
}

function cellOf<Row>(column: WebColumn<Row>, row: Row): string | number | undefined {
  const value = maskCell(column.value(row));
  if (column.kind === undefined) return column.text?.(row) ?? cellText(value);
  return typeof value === 'number' ? value : undefined;
}

function shownCell(cell: string | number | undefined, nowSeconds: number): string {
  if (typeof cell === 'string') return cell;
  return cell === undefined ? '' : ageText(cell, nowSeconds);
}

/** Of the widest of its lines. */
function widthOf(text: string): number {
  return text.includes('\n') ? Math.max(...text.split('\n').map(displayWidth)) : displayWidth(text);
}

function jsonBytes<Row>(columns: readonly WebColumn<Row>[], row: Row, nowSeconds: number): RowBytes {
  const ages: AgeSlot[] = [];
  let text = '';
  for (const [index, { field, kind, value }] of columns.entries()) {
    const cell = maskCell(value(row));
    const time = typeof cell === 'number' ? cell : undefined;
    text += `${index === 0 ? '{' : ', '}"${field}": `;
    if (kind === 'elapsed' && time !== undefined) {
      const shown = ageText(time, nowSeconds);
      ages.push({ at: text.length + 1, since: time, length: shown.length });
      text += `"${shown}"`;
    } else if (kind === 'elapsed') text += 'null';
    else text += pythonJson(kind === 'since' && time !== undefined ? Math.floor(time) : cell);
  }
  return { bytes: Buffer.from(`${text}}`, 'latin1'), ages }; // nothing but ASCII: a character is a byte
}

/** The lines of one row; a cell of several lines makes several. */
function textBytes({ cells }: KnownRow, widths: readonly number[], nowSeconds: number): RowBytes {
  const shown = cells.map((it) => shownCell(it, nowSeconds));
  const lines = splitLines(shown);
  const ages = cells.flatMap((it, index): AgeSlot[] => {
    if (typeof it !== 'number') return [];
    const before = lines[0]!.slice(0, index).map((cell, at) => `| ${padded(cell, widths[at]!)} `);
    return [{ at: Buffer.byteLength(before.join('')) + 2, since: it, length: shown[index]!.length }];
  });
  return { bytes: Buffer.from(lines.map((it) => tableLine(it, widths)).join('')), ages };
}

function tableLine(cells: readonly string[], widths: readonly number[]): string {
  return `${cells.map((it, index) => `| ${padded(it, widths[index]!)} `).join('')}|\n`;
}
