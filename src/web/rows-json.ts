import { ageText } from '../views/column';
import { maskCell } from './mask-cell';
import { pythonJson } from './python-json';
import type { AgeSlot, RowBytes } from './row-bytes';
import type { WebColumn } from './web-column';

/** What stands between two of them. */
export const BETWEEN_OBJECTS = ', ';

/** Rows as objects in the notation of Python's `json.dumps`. */
export function jsonOfRows<Row>(
  columns: readonly WebColumn<Row>[],
  rows: readonly Row[],
  nowSeconds: number,
): RowBytes {
  const ages: AgeSlot[] = [];
  let text = ''; // nothing but ASCII: a character is a byte
  for (const row of rows) {
    if (text !== '') text += BETWEEN_OBJECTS;
    let mark = '{';
    for (const { field, kind, value } of columns) {
      text += `${mark}"${field}": `;
      mark = ', ';
      const cell = maskCell(value(row));
      const time = typeof cell === 'number' ? cell : undefined;
      if (kind === 'elapsed' && time !== undefined) {
        const shown = ageText(time, nowSeconds);
        ages.push({ at: text.length + 1, since: time, length: shown.length });
        text += `"${shown}"`;
      } else if (kind === 'elapsed') text += 'null';
      else text += pythonJson(kind === 'since' && time !== undefined ? Math.floor(time) : cell);
    }
    text += '}';
  }
  return { bytes: Buffer.from(text, 'latin1'), ages };
}
