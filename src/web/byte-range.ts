export type ByteRange =
  | { readonly kind: 'whole' }
  /** From `start` to before `end`. */
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

/** What a `Range` header means for a body of `size` bytes (RFC 9110 14). Several ranges, and other units, mean the whole. */
export function byteRange(header: string | undefined, size: number): ByteRange {
  const found = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? '');
  if (found === null) return { kind: 'whole' };
  const [first, last] = [found[1]!, found[2]!];
  if (first === '' && last === '') return { kind: 'whole' };
  if (first === '')
    return Number(last) === 0 ? { kind: 'unsatisfiable' } : part(Math.max(0, size - Number(last)), size);
  if (last !== '' && Number(last) < Number(first)) return { kind: 'whole' };
  return part(Number(first), last === '' ? size : Math.min(size, Number(last) + 1));

  function part(start: number, end: number): ByteRange {
    return start >= size ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
  }
}
