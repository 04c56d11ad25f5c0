/** A text that is not one of the literals that `fileConfig` needs. */
export class LiteralError extends Error {
  override readonly name = 'LiteralError';
}

const TOKEN =
  /\s*(?:([rRuUbB]?)('''[\s\S]*?'''|"""[\s\S]*?"""|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(-?\d[\d_]*(?:\.\d+)?)|([A-Za-z_][\w.]*)|([()[\]{},:*|=]))/y;

interface Token {
  readonly text: string;
  readonly value?: unknown;
  readonly isValue: boolean;
}

/**
 * Reads what stands in `args=` and `kwargs=` of an ini file: Python tuples, lists and mappings of texts, numbers, names and
 * sums of `|` or `*`. Dotted names (`sys.stdout`, `handlers.SysLogHandler.LOG_DAEMON`) become texts. Nothing is run.
 */
export function readLiteral(text: string): unknown {
  const tokens = tokenize(text);
  let at = 0;
  const peek = () => tokens[at]?.text;
  const next = (): Token => {
    const token = tokens[at];
    if (token === undefined) throw new LiteralError('ends too early');
    at += 1;
    return token;
  };
  const value = (): unknown => {
    let result = single();
    while (peek() === '*') {
      next();
      result = Number(result) * Number(single());
    }
    return result;
  };
  const single = (): unknown => {
    const token = next();
    if (token.isValue) return token.value;
    if (token.text === '(' || token.text === '[') return items(token.text === '(' ? ')' : ']', token.text === '(');
    if (token.text === '{') return mapping();
    throw new LiteralError(`has "${token.text}" where a value should stand`);
  };
  const items = (end: string, isTuple: boolean): unknown => {
    const found: unknown[] = [];
    let commas = 0;
    while (peek() !== end) {
      found.push(value());
      if (peek() !== ',') break;
      next();
      commas += 1;
    }
    expect(end);
    return isTuple && found.length === 1 && commas === 0 ? found[0] : found;
  };
  const mapping = (): unknown => {
    const found: Record<string, unknown> = {};
    while (peek() !== '}') {
      const key = String(value());
      expect(':');
      found[key] = value();
      if (peek() !== ',') break;
      next();
    }
    expect('}');
    return found;
  };
  const expect = (wanted: string): void => {
    const { text: found } = next();
    if (found !== wanted) throw new LiteralError(`has "${found}" where "${wanted}" should stand`);
  };
  const result = value();
  if (at < tokens.length) throw new LiteralError(`goes on with "${peek()}"`);
  return result;
}

const WORDS: Readonly<Record<string, unknown>> = { None: null, True: true, False: false };

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new LiteralError(`cannot be read from "${text.slice(at, at + 20).trim()}"`);
    const [all, prefix, quoted, number, word, sign] = match;
    at += all.length;
    if (quoted !== undefined) tokens.push(of(quoted, unquote(quoted, /r/i.test(prefix ?? ''))));
    else if (number !== undefined) tokens.push(of(number, Number(number.replaceAll('_', ''))));
    else if (word !== undefined) tokens.push(of(word, Object.hasOwn(WORDS, word) ? WORDS[word] : word));
    else tokens.push({ text: sign!, isValue: false });
  }
  return tokens;
}

const of = (text: string, value: unknown): Token => ({ text, value, isValue: true });

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

function unquote(quoted: string, raw: boolean): string {
  const inner = /^(?:'''|""")/.test(quoted) ? quoted.slice(3, -3) : quoted.slice(1, -1);
  return raw ? inner : inner.replace(/\\([\s\S])/g, (_all, sign: string) => ESCAPES[sign] ?? sign);
}
