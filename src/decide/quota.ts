import type { Resources } from '../model/records';

/**
 * Sums over resources (launcher.md 12). In a *limit* an absent key means unlimited, in *usage* and *need* it means 0. "Fits"
 * means that nothing falls below zero, so exact equality fits.
 */
export const NOTHING: Resources = {};

/** Key by key over the union of keys. */
export function plus(left: Resources, right: Resources): Resources {
  const sum: Record<string, number> = { ...left };
  for (const [key, amount] of Object.entries(right)) sum[key] = (sum[key] ?? 0) + amount;
  return sum;
}

/** Key by key over the union of keys; may go below zero. */
export function minus(left: Resources, right: Resources): Resources {
  const rest: Record<string, number> = { ...left };
  for (const [key, amount] of Object.entries(right)) rest[key] = (rest[key] ?? 0) - amount;
  return rest;
}

/** The sum of many. */
export function total(all: Iterable<Resources>): Resources {
  const sum: Record<string, number> = {};
  for (const it of all) for (const [key, amount] of Object.entries(it)) sum[key] = (sum[key] ?? 0) + amount;
  return sum;
}

/** What is left of a limit: only the keys that are limited, since the others have no end. */
export function remaining(limits: Resources, used: Resources): Resources {
  const rest: Record<string, number> = {};
  for (const [key, limit] of Object.entries(limits)) rest[key] = limit - (used[key] ?? 0);
  return rest;
}

/** The first resource of which `need` would exceed what is left of `limits` beside `used`; undefined when it fits. */
export function shortage(limits: Resources, used: Resources, need: Resources): string | undefined {
  return Object.keys(limits).find((key) => limits[key]! - (used[key] ?? 0) - (need[key] ?? 0) < 0);
}

/** How many times `need` fits into what is left of `limits` beside `used`; Infinity when no limit concerns it. */
export function timesFitting(limits: Resources, used: Resources, need: Resources): number {
  let times = Infinity;
  for (const [key, left] of Object.entries(remaining(limits, used))) {
    const each = need[key] ?? 0;
    if (left < 0) return 0;
    if (each > 0) times = Math.min(times, Math.floor(left / each));
  }
  return times;
}

/** The first resource of `need` of which more is used than its limit, `need` being counted as used already. */
export function overdrawn(limits: Resources, used: Resources, need: Resources): string | undefined {
  return Object.keys(limits).find((key) => (need[key] ?? 0) > 0 && (used[key] ?? 0) > limits[key]!);
}

/** Running sums per key that go up and down again, for an index that follows events. */
export class Tally<K> {
  readonly #sums = new Map<K, Record<string, number>>();

  add(key: K, amounts: Resources): void {
    this.#shift(key, amounts, 1);
  }

  take(key: K, amounts: Resources): void {
    this.#shift(key, amounts, -1);
  }

  of(key: K): Resources {
    return this.#sums.get(key) ?? NOTHING;
  }

  #shift(key: K, amounts: Resources, sign: 1 | -1): void {
    const sum = this.#sums.get(key) ?? {};
    for (const [resource, amount] of Object.entries(amounts)) {
      const next = (sum[resource] ?? 0) + sign * amount;
      if (next === 0) delete sum[resource];
      else sum[resource] = next;
    }
    if (Object.keys(sum).length === 0) this.#sums.delete(key);
    else this.#sums.set(key, sum);
  }
}
