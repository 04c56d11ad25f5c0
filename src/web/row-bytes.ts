/** A time shown within bytes that are kept, so that only its digits are written anew. */
export interface AgeSlot {
  /** Offset in the bytes. */
  readonly at: number;
  /** UNIX seconds that it counts from. */
  readonly since: number;
  /** Characters that there are for it. */
  readonly length: number;
}

/** What is shown of some rows, in bytes. */
export interface RowBytes {
  readonly bytes: Buffer;
  readonly ages: readonly AgeSlot[];
}

/** Characters of an age as `DD:HH:MM:SS` (cli.md 3): days have two digits or more. */
export function ageLength(since: number, nowSeconds: number): number {
  const days = Math.floor(secondsOf(since, nowSeconds) / 86_400);
  if (days < 100) return 11;
  return days < 1_000 ? 12 : 9 + String(days).length;
}

/** Whether all ages have just the room that they need now. */
export function hasRoom({ ages }: RowBytes, nowSeconds: number): boolean {
  return ages.every((it) => ageLength(it.since, nowSeconds) === it.length);
}

/** All rows one after the other with `between` in between, and their ages as of now. */
export function joinRows(
  head: string,
  rows: readonly RowBytes[],
  between: string,
  tail: string,
  nowSeconds: number,
): Buffer {
  const [first, middle, last] = [Buffer.from(head), Buffer.from(between), Buffer.from(tail)];
  let length = first.length + last.length + Math.max(0, rows.length - 1) * middle.length;
  for (const { bytes } of rows) length += bytes.length;
  const out = Buffer.allocUnsafe(length);
  let at = first.copy(out);
  for (const [index, { bytes, ages }] of rows.entries()) {
    if (index > 0 && middle.length > 0) at += middle.copy(out, at);
    out.set(bytes, at);
    for (const it of ages) writeAge(out, at + it.at, it, nowSeconds);
    at += bytes.length;
  }
  last.copy(out, at);
  return out;
}

const ZERO = 0x30;
const COLON = 0x3a;

/** `ageText` in place, from the last digit to the first. */
function writeAge(out: Buffer, start: number, { since, length }: AgeSlot, nowSeconds: number): void {
  const age = secondsOf(since, nowSeconds);
  const minutes = Math.floor(age / 60);
  const hours = Math.floor(minutes / 60);
  let at = start + length;
  at = writePart(out, at, age - minutes * 60);
  at = writePart(out, at, minutes - hours * 60);
  at = writePart(out, at, hours % 24);
  for (let days = Math.floor(hours / 24); at > start; days = Math.floor(days / 10)) out[--at] = ZERO + (days % 10);
}

/** A colon and two digits. */
function writePart(out: Buffer, end: number, part: number): number {
  const tens = Math.floor(part / 10);
  out[end - 1] = ZERO + part - tens * 10;
  out[end - 2] = ZERO + tens;
  out[end - 3] = COLON;
  return end - 3;
}

function secondsOf(since: number, nowSeconds: number): number {
  return Math.max(0, Math.floor(nowSeconds - since));
}
