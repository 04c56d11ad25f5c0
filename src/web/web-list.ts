import { RowBlocks } from './row-blocks';
import { hasRoom, joinRows, type RowBytes } from './row-bytes';
import { BETWEEN_OBJECTS, jsonOfRows } from './rows-json';
import { type Extents, extentsOf, linesOfRows, tableLine, widthsOf } from './rows-text';
import type { WebColumn } from './web-column';

/** Rows that stand together, and what is kept of them: everything but what time changes. */
interface Block<Row> {
  readonly rows: readonly Row[];
  extents: Extents | undefined;
  json: RowBytes | undefined;
  /** For a table whose columns are so wide. */
  text: (RowBytes & { readonly widths: string }) | undefined;
}

/**
 * A list of rows as text and JSON. Rows are immutable objects that live as long as what they show: while they stand together
 * they are put into bytes once, and later lists copy these, and write ages into them.
 */
export class WebList<Row extends object> {
  readonly #blocks = new RowBlocks<Row, Block<Row>>((rows) => ({
    rows,
    extents: undefined,
    json: undefined,
    text: undefined,
  }));

  constructor(private readonly columns: readonly WebColumn<Row>[]) {}

  /** Whether the text, or the JSON, of the same rows changes with time. */
  changesWithTime(as: 'text' | 'json'): boolean {
    return this.columns.some((it) => it.kind === 'elapsed' || (as === 'text' && it.kind === 'since'));
  }

  /** A table (cli.md 3). */
  text(rows: readonly Row[], nowSeconds: number): Buffer {
    const blocks = this.#blocks.of(rows);
    const extents = blocks.map((it) => (it.extents ??= extentsOf(this.columns, it.rows)));
    const widths = widthsOf(this.columns, extents, nowSeconds);
    const key = widths.join(' ');
    const bytes = blocks.map((block) => {
      if (block.text?.widths !== key || !hasRoom(block.text, nowSeconds)) {
        block.text = { ...linesOfRows(this.columns, block.rows, widths, nowSeconds), widths: key };
      }
      return block.text;
    });
    const rule = `+${widths.map((it) => '-'.repeat(it + 2)).join('+')}+\n`;
    const headers = this.columns.map((it) => it.header);
    return joinRows(`${rule}${tableLine(headers, widths)}${rule}`, bytes, '', rule, nowSeconds);
  }

  /** An array of objects in the notation of Python's `json.dumps`. */
  json(rows: readonly Row[], nowSeconds: number): Buffer {
    const bytes = this.#blocks.of(rows).map((block) => {
      if (block.json === undefined || !hasRoom(block.json, nowSeconds)) {
        block.json = jsonOfRows(this.columns, block.rows, nowSeconds);
      }
      return block.json;
    });
    return joinRows('[', bytes, BETWEEN_OBJECTS, ']', nowSeconds);
  }
}
