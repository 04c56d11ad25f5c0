import { RawJson } from '../model/json';
import { cellText, type Cell, type View } from './column';

/** JSON: a list of objects with the stable field names; opaque values as they are stored, digit for digit. */
export function jsonText<Row>(view: View<Row>): string {
  const rows = view.rows.map((row) => {
    const fields = view.columns.map((it) => `${JSON.stringify(it.field)}: ${valueText(it.value(row))}`);
    return `  {${fields.join(', ')}}`;
  });
  return rows.length === 0 ? '[]\n' : `[\n${rows.join(',\n')}\n]\n`;
}

/** YAML: a list of mappings; values are written as JSON, which YAML reads. */
export function yamlText<Row>(view: View<Row>): string {
  const rows = view.rows.map((row) =>
    view.columns.map((it, index) => `${index === 0 ? '- ' : '  '}${it.field}: ${valueText(it.value(row))}\n`).join(''),
  );
  return rows.length === 0 ? '[]\n' : rows.join('');
}

/**
 * CSV (RFC 4180) with a header line; lists are joined with commas as in tables. Lines end with LF, as all else that a shell
 * reads does.
 */
export function csvText<Row>(view: View<Row>): string {
  const lines = [
    view.columns.map((it) => it.field),
    ...view.rows.map((row) => view.columns.map((it) => csvCell(it.value(row)))),
  ];
  return lines.map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

function csvCell(value: Cell): string {
  if (value instanceof RawJson) return value.text === 'null' ? '' : value.text;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return JSON.stringify(value);
  return cellText(value);
}

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function valueText(value: Cell): string {
  if (value instanceof RawJson) return value.text;
  return JSON.stringify(value ?? null);
}
