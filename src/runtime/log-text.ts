import type { Fields } from './log';

/** Fields that say which request or node a line is about: they stand in front of the message (cli.md 8). */
const TIES = [
  ['event_id', 'e'],
  ['request', 'node_request'],
  ['node', 'node'],
] as const;
/** Fields with a place of their own in a line. */
const PLACED = new Set<string>(['logger', 'err', ...TIES.map(([field]) => field)]);

/** `[e: …] [node_request: …] [node: …] message key=value`: each part of the prefix only if it is known. */
export function messageText(message: string, fields: Fields): string {
  let text = '';
  for (const [field, short] of TIES) {
    const value = fields[field];
    if (value !== undefined && value !== null && value !== '') text += `[${short}: ${String(value as string)}] `;
  }
  text += message;
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined && !PLACED.has(key)) text += ` ${key}=${scalar(value)}`;
  }
  return text;
}

/** Each line gets the prefix of the first; further ones two blanks more (cli.md 8). */
export function prefixLines(prefix: string, text: string): string {
  return text.includes('\n') ? prefix + text.split('\n').join(`\n${prefix}  `) : prefix + text;
}

/** `2024-09-01 12:30:00,123` in local time, as Python's logging stamps lines. */
export function timeText(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== stamped.second) stamped = { second, text: localSecond(new Date(second * 1000)) };
  return `${stamped.text},${String(Math.floor(wallMs - second * 1000)).padStart(3, '0')}`;
}

/** Lines of one second share their stamp. */
let stamped = { second: NaN, text: '' };

function localSecond(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The stack of an error and of its causes. */
export function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return String(err);
  const { stack, message, cause, errors } = err as {
    stack?: string;
    message?: string;
    cause?: unknown;
    errors?: unknown;
  };
  const own = stack ?? message ?? JSON.stringify(err);
  const several = Array.isArray(errors) ? errors.map((it) => `\none of them: ${errorText(it)}`).join('') : '';
  return (cause === undefined ? own : `${own}\ncaused by: ${errorText(cause)}`) + several;
}

function scalar(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  if (typeof value === 'bigint') return value.toString();
  return JSON.stringify(value) ?? 'undefined';
}
