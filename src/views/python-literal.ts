/**
 * JSON text in Python's notation, as the Python tool shows objects: `{'a': None, 'b': [1, True]}`. Works on the text, so
 * that integers of any size come out digit for digit. The text must be valid JSON.
 */
export function pythonLiteral(json: string): string {
  return json.replace(TOKEN, (token) => {
    if (token.startsWith('"')) return pythonText(JSON.parse(token) as string);
    if (token === 'null') return 'None';
    if (token === 'true') return 'True';
    if (token === 'false') return 'False';
    if (token === ',' || token === ':') return `${token} `;
    if (/^\s/.test(token)) return '';
    return /[.eE]/.test(token) ? pythonFloat(Number(token)) : token;
  });
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[,:]|\s+/g;

/** With single quotes, or double ones where that saves escapes. */
export function pythonText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = [...text].map((it) => {
    if (it === '\\' || it === quote) return `\\${it}`;
    return ESCAPES[it] ?? (UNPRINTABLE.test(it) ? codeEscape(it.codePointAt(0)!) : it);
  });
  return `${quote}${escaped.join('')}${quote}`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

function codeEscape(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** As Python's `repr`: shortest digits, always with a point or an exponent. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}
