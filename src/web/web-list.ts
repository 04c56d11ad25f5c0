import { ageText, cellText, type Cell } from '../views/column';
import { gridText } from '../views/table';
import { maskCell } from './mask-cell';
import { pythonJson } from './python-json';

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
interface Pieces {
  /** Table cells; of a column of time the time it counts from, undefined if there is none. */
  readonly cells: readonly (string | number | undefined)[];
  /** JSON text, cut where elapsed times go in. */
  readonly json: readonly string[];
  /** What goes between. */
  readonly times: readonly (number | undefined)[];
}

/**
 * A list of rows as text and JSON. Rows are immutable objects that live as long as what they show: each is put into words
 * once, and later lists only join the words.
 */
export class WebList<Row extends object> {
  readonly #known = new WeakMap<Row, Pieces>();

  constructor(private readonly columns: readonly WebColumn<Row>[]) {}

  /** Whether the text, or the JSON, of the same rows changes with time. */
  changesWithTime(as: 'text' | 'json'): boolean {
    return this.columns.some((it) => it.kind === 'elapsed' || (as === 'text' && it.kind === 'since'));
  }

  /** A table (cli.md 3). `fields` picks columns by their JSON keys; order is that of the list, unknown keys are ignored. */
  text(rows: readonly Row[], nowSeconds: number, fields?: ReadonlySet<string>): string {
    const shown = this.columns.flatMap((it, index) => (fields === undefined || fields.has(it.field) ? [index] : []));
    const headers = shown.map((it) => this.columns[it]!.header);
    const cells = rows.map((row) => {
      const { cells } = this.#piecesOf(row);
      return shown.map((it) => {
        const cell = cells[it];
        return typeof cell === 'string' ? cell : elapsed(cell, nowSeconds);
      });
    });
    return gridText(headers, cells);
  }

  /** An array of objects in the notation of Python's `json.dumps`. */
  json(rows: readonly Row[], nowSeconds: number): string {
    const objects = rows.map((row) => {
      const { json, times } = this.#piecesOf(row);
      let text = json[0]!;
      for (const [index, time] of times.entries()) {
        text += (time === undefined ? 'null' : `"${elapsed(time, nowSeconds)}"`) + json[index + 1]!;
      }
      return text;
    });
    return `[${objects.join(', ')}]`;
  }

  #piecesOf(row: Row): Pieces {
    const known = this.#known.get(row);
    if (known !== undefined) return known;
    const pieces = piecesOf(this.columns, row);
    this.#known.set(row, pieces);
    return pieces;
  }
}

function piecesOf<Row>(columns: readonly WebColumn<Row>[], row: Row): Pieces {
  const cells: (string | number | undefined)[] = [];
  const json = [''];
  const times: (number | undefined)[] = [];
  for (const [index, column] of columns.entries()) {
    const value = maskCell(column.value(row));
    const time = typeof value === 'number' ? value : undefined;
    cells.push(column.kind === undefined ? (column.text?.(row) ?? cellText(value)) : time);
    json[json.length - 1] += `${index === 0 ? '{' : ', '}"${column.field}": `;
    if (column.kind === 'elapsed') {
      times.push(time);
      json.push('');
    } else {
      json[json.length - 1] += pythonJson(column.kind === 'since' && time !== undefined ? Math.floor(time) : value);
    }
  }
  json[json.length - 1] += '}';
  return { cells, json, times };
}

function elapsed(since: number | undefined, nowSeconds: number): string {
  return since === undefined ? '' : ageText(since, nowSeconds);
}
