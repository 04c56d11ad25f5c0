import { z } from 'zod';
import type { KeyPath } from './problem';

/** The known key that was probably meant: a typing error or two away. */
export function nearestKey(schema: z.core.$ZodType, path: KeyPath, key: string): string | undefined {
  const limit = Math.max(1, Math.floor(key.length / 4));
  const best = keysAt(schema, path)
    .map((it) => ({ key: it, distance: distance(it, key.replaceAll('_', '-').toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= limit ? best.key : undefined;
}

/** The keys that a schema knows at a path; empty where it cannot be told. */
export function keysAt(schema: z.core.$ZodType, path: KeyPath): string[] {
  let at: z.core.$ZodType | undefined = unwrap(schema);
  for (const part of path) {
    if (at instanceof z.ZodObject) at = unwrap((at.shape as z.core.$ZodShape)[part]);
    else if (at instanceof z.ZodArray) at = unwrap(at.element);
    else return [];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let at = schema;
  while (at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodPrefault) at = at.unwrap();
  return at;
}

/** Changes of one letter between two words; two neighbours that changed places count as one (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const other = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity;
      next.push(Math.min(other, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
