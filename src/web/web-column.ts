import { cellText, type Cell } from '../views/column';
import { maskCell } from './mask-cell';

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

/** What a table shows: text, or the time that an age counts from, undefined if there is none. */
export function tableCell<Row>(column: WebColumn<Row>, row: Row): string | number | undefined {
  if (column.kind === undefined) return column.text?.(row) ?? cellText(maskCell(column.value(row)));
  const value = column.value(row);
  return typeof value === 'number' ? value : undefined;
}
