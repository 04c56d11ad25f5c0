/** Deep equality of values that configurations are made of: scalars, lists, mappings and maps. Maps differ if their order does. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Map || b instanceof Map) {
    return a instanceof Map && b instanceof Map && sameMap(a, b);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((it, index) => sameValue(it, b[index]))
    );
  }
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  return sameKeys(a as Mapping, b as Mapping);
}

type Mapping = Readonly<Record<string, unknown>>;

function sameMap(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  const others = b.entries();
  for (const [key, value] of a) {
    const [otherKey, otherValue] = others.next().value!;
    if (!sameValue(key, otherKey) || !sameValue(value, otherValue)) return false;
  }
  return true;
}

/** A key without a value is as good as none. */
function sameKeys(a: Mapping, b: Mapping): boolean {
  let count = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    if (!sameValue(a[key], b[key])) return false;
    count += 1;
  }
  for (const key in b) if (b[key] !== undefined) count -= 1;
  return count === 0;
}
