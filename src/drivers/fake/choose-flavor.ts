import type { Flavor } from './model';

/**
 * The flavour of a label (drivers.md 5.2): with `min-ram` the smallest that has as much memory and whose name contains
 * `flavor-name`, if that is given; without, the one whose name or id equals `flavor-name`.
 */
export function chooseFlavor(flavors: readonly Flavor[], label: Readonly<Record<string, unknown>>): Flavor | undefined {
  const [minRam, wanted] = [label['min-ram'], label['flavor-name']];
  const name = typeof wanted === 'string' ? wanted : undefined;
  const sorted = [...flavors].sort((a, b) => a.ram - b.ram || (a.name < b.name ? -1 : 1));
  if (typeof minRam === 'number' && minRam > 0) {
    return sorted.find((it) => it.ram >= minRam && (name === undefined || it.name.includes(name)));
  }
  return sorted.find((it) => it.name === name || it.id === name);
}
