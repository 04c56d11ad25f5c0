import { LEVEL_NAMES } from '../../runtime/log';
import { errorText, messageText, timeText } from '../../runtime/log-text';
import type { FormatterPlan } from './log-plan';
import { type Level, SEVERITY_OF } from './severity';
import { strftime } from './strftime';

/** One call of a logger. `fields` went through `redact`. */
export interface LogRecord {
  readonly wallMs: number;
  readonly level: Level;
  /** Dotted name of the logger. */
  readonly name: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type FormatRecord = (record: LogRecord) => string;

/** A format that cannot be used; the message says why. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** What Python knows of where a line comes from, and we do not: it gets a stand-in. */
export const UNKNOWN_HERE: readonly string[] = ['pathname', 'filename', 'module', 'lineno', 'funcName'];

type Value = string | number;

/** Attributes of a record, as Python's LogRecord names them (cli.md 8). */
const ATTRIBUTES: Readonly<Record<string, (record: LogRecord) => Value>> = {
  name: (it) => it.name,
  levelname: (it) => LEVEL_NAMES[it.level]!,
  levelno: (it) => SEVERITY_OF[it.level],
  created: (it) => it.wallMs / 1000,
  msecs: (it) => Math.floor(it.wallMs % 1000),
  relativeCreated: (it) => Math.floor(it.wallMs - performance.timeOrigin),
  process: () => process.pid,
  processName: () => 'MainProcess',
  thread: () => process.pid,
  threadName: () => 'MainThread',
  taskName: () => '',
  pathname: (it) => it.name,
  filename: (it) => it.name,
  module: (it) => it.name.split('.').at(-1)!,
  funcName: (it) => it.name.split('.').at(-1)!,
  lineno: () => 0,
};

/** Fields of ours that a format may name, besides any other field: empty where a line has none. */
export const OWN_ATTRIBUTES: readonly string[] = ['event_id', 'request', 'node', 'image', 'provider', 'fields'];

const KNOWN = new Set(['message', 'asctime', ...Object.keys(ATTRIBUTES), ...OWN_ATTRIBUTES]);

type Part = string | { readonly name: string; readonly print: (value: Value) => string };

/** Compiles a formatter. Throws a FormatError for what Python would refuse, and for attributes that do not exist. */
export function compileFormatter(plan: FormatterPlan): FormatRecord {
  if (plan.kind === 'json') return jsonLine;
  const parts = PARSERS[plan.style](plan.format);
  const names = parts.flatMap((it) => (typeof it === 'string' ? [] : [it.name]));
  if (names.length === 0) throw new FormatError('names no attribute of a record');
  const unknown = names.find((it) => !KNOWN.has(it));
  if (unknown !== undefined) throw new FormatError(`there is no attribute ${unknown}`);
  const { datefmt, everyLine } = plan;
  const time = (it: LogRecord) =>
    datefmt === undefined ? timeText(it.wallMs) : strftime(datefmt, new Date(it.wallMs));
  const line = (record: LogRecord, message: string) => {
    const valueOf = (name: string): Value => {
      if (name === 'message') return message;
      if (name === 'asctime') return time(record);
      return ATTRIBUTES[name]?.(record) ?? ownValue(record, name);
    };
    return parts.map((it) => (typeof it === 'string' ? it : it.print(valueOf(it.name)))).join('');
  };
  return (record) => {
    const message = messageText(record.message, record.fields);
    const { err } = record.fields;
    const trouble = err === undefined ? '' : `\n${errorText(err)}`;
    if (!everyLine) return line(record, message) + trouble;
    const [first, ...more] = (message + trouble).split('\n');
    if (more.length === 0) return line(record, first!);
    return [line(record, first!), ...more.map((it) => line(record, `  ${it}`))].join('\n');
  };
}

function ownValue({ fields }: LogRecord, name: string): Value {
  const value = name === 'fields' ? fields : fields[name];
  if (value === undefined || value === null) return '';
  return typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
}

function jsonLine({ wallMs, level, name, message, fields }: LogRecord): string {
  const { logger: _logger, ...rest } = fields;
  const timestamp = new Date(wallMs).toISOString();
  return JSON.stringify({ timestamp, level, logger: name, message, ...rest }, (_key, it: unknown) =>
    typeof it === 'bigint' ? it.toString() : it,
  );
}

const PARSERS = { '%': parsePercent, '{': parseBraces, $: parseDollar } as const;

function parsePercent(format: string): Part[] {
  const token = /%%|%\(([^)]*)\)([-+ 0#]*)(\d*)(?:\.(\d+))?([a-zA-Z])?|%/g;
  return cut(format, token, ([all, name, flags, width, precision, type]) => {
    if (all === '%%') return '%';
    if (name === undefined) throw new FormatError('has a % that begins no %(attribute)s; write %% for the sign itself');
    if (type === undefined || !'sradifFgGeExXoc'.includes(type))
      throw new FormatError(`%(${name}) lacks its type, as in %(${name})s`);
    const print = (value: Value) =>
      pad(convert(value, type, precision), Number(width), flags!.includes('-') ? '<' : '>', flags!.includes('0'));
    return { name, print };
  });
}

function parseBraces(format: string): Part[] {
  const token = /\{\{|\}\}|\{([A-Za-z_]\w*)(?:![rsa])?(?::(?:(.)?([<>^=]))?(0)?(\d*)(?:\.(\d+))?([a-zA-Z%])?)?\}|[{}]/g;
  return cut(format, token, ([all, name, fill, align, zero, width, precision, type]) => {
    if (all === '{{' || all === '}}') return all[0]!;
    if (name === undefined) throw new FormatError('has a brace without its match; write {{ or }} for the sign itself');
    const print = (value: Value) => {
      const side = (align as Align | undefined) ?? (typeof value === 'number' ? '>' : '<');
      return pad(convert(value, type ?? 's', precision), Number(width ?? 0), side, zero === '0', fill);
    };
    return { name, print };
  });
}

function parseDollar(format: string): Part[] {
  return cut(format, /\$\$|\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)|\$/g, ([all, braced, plain]) => {
    if (all === '$$') return '$';
    const name = braced ?? plain;
    if (name === undefined) throw new FormatError('has a $ that begins no $attribute; write $$ for the sign itself');
    return { name, print: String };
  });
}

/** Literal text and what the tokens in between stand for. */
function cut(format: string, token: RegExp, read: (match: RegExpMatchArray) => Part): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of format.matchAll(token)) {
    if (match.index > at) parts.push(format.slice(at, match.index));
    parts.push(read(match));
    at = match.index + match[0].length;
  }
  if (at < format.length) parts.push(format.slice(at));
  return parts;
}

function convert(value: Value, type: string, precision: string | undefined): string {
  const digits = precision === undefined || precision === '' ? undefined : Number(precision);
  if (typeof value === 'number' && 'di'.includes(type)) return String(Math.trunc(value));
  if (typeof value === 'number' && 'fF'.includes(type)) return value.toFixed(digits ?? 6);
  if (typeof value === 'number' && 'xX'.includes(type)) return Math.trunc(value).toString(16);
  return String(value).slice(0, 'sra'.includes(type) ? digits : undefined);
}

type Align = '<' | '>' | '^' | '=';

function pad(text: string, width: number, align: Align, zero: boolean, fill?: string): string {
  if (text.length >= width) return text;
  const sign = fill ?? (zero && align !== '<' ? '0' : ' ');
  if (align === '<') return text.padEnd(width, sign);
  if (align === '^') return text.padStart(Math.floor((width + text.length) / 2), sign).padEnd(width, sign);
  return text.padStart(width, sign);
}
