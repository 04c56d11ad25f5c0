import { RawJson } from '../model/json';
import type { Cell } from '../views/column';

/** Texts that stand in JSON as they are: nearly all. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** JSON as Python's `json.dumps` writes it: blanks after `,` and `:`, nothing but ASCII. Opaque values keep their digits. */
export function pythonJson(value: Cell): string {
  if (value instanceof RawJson) return ascii(spaced(value.text));
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return PLAIN.test(value) ? `"${value}"` : ascii(JSON.stringify(value));
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((it) => pythonJson(it as Cell)).join(', ')}]`;
  const members = Object.entries(value).map(([key, inner]) => `${ascii(JSON.stringify(key))}: ${pythonJson(inner)}`);
  return `{${members.join(', ')}}`;
}

/** Blanks as Python has them, everything else to the letter. */
function spaced(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|\s*([,:])\s*|\s+/g, (found: string, mark: string | undefined) => {
    if (mark !== undefined) return `${mark} `;
    return found.startsWith('"') ? found : '';
  });
}

/** In JSON text anything beyond ASCII stands inside strings, where it may be written as an escape. */
function ascii(json: string): string {
  if (/^[\x20-\x7e]*$/.test(json)) return json;
  return json.replace(/[^\x00-\x7e]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
