/** Deep equality of values that configurations are made of: scalars, lists, mappings and maps. Maps differ if their order does. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Map || b instanceof Map) {
    return a instanceof Map && b instanceof Map && sameValue([...a], [...b]);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((it, index) => sameValue(it, b[index]))
    );
  }
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const [ours, theirs] = [defined(a), defined(b)];
  return ours.length === theirs.length && ours.every(([key, it]) => sameValue(it, (b as Record<string, unknown>)[key]));
}

/** A key without a value is as good as none. */
const defined = (value: object) => Object.entries(value).filter(([, it]) => it !== undefined);
