import { cellText, type View } from './column';
import { displayWidth } from './display-width';

/** A view as the Python tool prints it (cli.md 3), ending with a newline. */
export function tableText<Row>(view: View<Row>): string {
  const headers = view.columns.map((it) => it.header);
  const rows = view.rows.map((row) => view.columns.map((it) => it.text?.(row) ?? cellText(it.value(row))));
  return gridText(headers, rows);
}

/** The same for cells that are text already. Cells of several lines take several lines. */
export function gridText(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headers.map((it) => displayWidth(it));
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index]!, cellWidth(cell));
  }
  const rule = `+${widths.map((it) => '-'.repeat(it + 2)).join('+')}+`;
  const line = (cells: readonly string[]) => `|${cells.map((it, index) => ` ${pad(it, widths[index]!)} `).join('|')}|`;
  return [rule, line(headers), rule, ...rows.flatMap(splitLines).map(line), rule, ''].join('\n');
}

function cellWidth(cell: string): number {
  if (!cell.includes('\n')) return displayWidth(cell);
  return Math.max(...cell.split('\n').map(displayWidth));
}

function splitLines(row: readonly string[]): (readonly string[])[] {
  if (!row.some((it) => it.includes('\n'))) return [row];
  const cells = row.map((it) => it.split('\n'));
  const height = Math.max(...cells.map((it) => it.length));
  return Array.from({ length: height }, (_, at) => cells.map((it) => it[at] ?? ''));
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
