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
  const shown = rows.some((row) => row.some((it) => it.includes('\n'))) ? rows.flatMap(splitLines) : rows;
  const all = [headers, ...shown];
  const widths = headers.map((_, index) => {
    let width = 0;
    for (const row of all) width = Math.max(width, displayWidth(row[index]!));
    return width;
  });
  const rule = `+${widths.map((it) => '-'.repeat(it + 2)).join('+')}+\n`;
  let text = rule;
  for (const [at, row] of all.entries()) {
    for (const [index, cell] of row.entries()) text += `| ${padded(cell, widths[index]!)} `;
    text += at === 0 ? `|\n${rule}` : '|\n';
  }
  return text + rule;
}

/** Cells of several lines take several lines. */
export function splitLines(row: readonly string[]): (readonly string[])[] {
  if (!row.some((it) => it.includes('\n'))) return [row];
  const cells = row.map((it) => it.split('\n'));
  const height = Math.max(...cells.map((it) => it.length));
  return Array.from({ length: height }, (_, at) => cells.map((it) => it[at] ?? ''));
}

/** With blanks up to a width on the terminal. */
export function padded(text: string, width: number): string {
  const own = displayWidth(text);
  return own === text.length ? text.padEnd(width) : text + ' '.repeat(width - own);
}
