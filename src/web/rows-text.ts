import { ageText } from '../views/column';
import { displayWidth } from '../views/display-width';
import { padded, splitLines } from '../views/table';
import { ageLength, type AgeSlot, type RowBytes } from './row-bytes';
import { tableCell, type WebColumn } from './web-column';

/** By column: the width of the widest text; of a column of time the earliest time, infinite if there is none. */
export type Extents = readonly number[];

export function extentsOf<Row>(columns: readonly WebColumn<Row>[], rows: readonly Row[]): Extents {
  return columns.map((column) => {
    let extent = column.kind === undefined ? 0 : Infinity;
    for (const row of rows) {
      const cell = tableCell(column, row);
      if (typeof cell === 'string') extent = Math.max(extent, widthOf(cell));
      else if (cell !== undefined) extent = Math.min(extent, cell);
    }
    return extent;
  });
}

/** Widths of the columns of a table whose rows have these extents. */
export function widthsOf<Row>(
  columns: readonly WebColumn<Row>[],
  extents: readonly Extents[],
  nowSeconds: number,
): readonly number[] {
  return columns.map(({ header, kind }, index) => {
    let width = displayWidth(header);
    for (const it of extents) {
      const extent = it[index]!;
      const own = kind === undefined ? extent : extent === Infinity ? 0 : ageLength(extent, nowSeconds);
      if (own > width) width = own;
    }
    return width;
  });
}

/** Of the widest of its lines. */
function widthOf(text: string): number {
  return text.includes('\n') ? Math.max(...text.split('\n').map(displayWidth)) : displayWidth(text);
}

/** Rows as lines of a table with columns of these widths; a cell of several lines makes several. */
export function linesOfRows<Row>(
  columns: readonly WebColumn<Row>[],
  rows: readonly Row[],
  widths: readonly number[],
  nowSeconds: number,
): RowBytes {
  const ages: AgeSlot[] = [];
  let [text, bytes] = ['', 0];
  for (const row of rows) {
    const cells = columns.map((it) => tableCell(it, row));
    const shown = cells.map((it) => shownCell(it, nowSeconds));
    const lines = splitLines(shown);
    for (const [index, it] of cells.entries()) {
      if (typeof it !== 'number') continue;
      const before = Buffer.byteLength(lineStart(lines[0]!.slice(0, index), widths));
      ages.push({ at: bytes + before + 2, since: it, length: shown[index]!.length });
    }
    const own = lines.map((it) => tableLine(it, widths)).join('');
    text += own;
    bytes += Buffer.byteLength(own);
  }
  return { bytes: Buffer.from(text), ages };
}

function shownCell(cell: string | number | undefined, nowSeconds: number): string {
  if (typeof cell === 'string') return cell;
  return cell === undefined ? '' : ageText(cell, nowSeconds);
}

export function tableLine(cells: readonly string[], widths: readonly number[]): string {
  return `${lineStart(cells, widths)}|\n`;
}

function lineStart(cells: readonly string[], widths: readonly number[]): string {
  let line = '';
  for (let index = 0; index < cells.length; index += 1) line += `| ${padded(cells[index]!, widths[index]!)} `;
  return line;
}
