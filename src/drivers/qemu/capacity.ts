import type { Resources } from '../../model/records';

/** Sums resource by resource. */
export function totalOf(all: readonly Resources[]): Resources {
  const total: Record<string, number> = {};
  for (const one of all) {
    for (const [key, amount] of Object.entries(one)) total[key] = (total[key] ?? 0) + amount;
  }
  return total;
}

/**
 * The first resource of which there is not enough for one more, or undefined if it fits. Exact equality fits; a resource
 * without a limit is unlimited (launcher.md 12).
 */
export function shortage(limits: Resources, used: readonly Resources[], need: Resources): string | undefined {
  const after = totalOf([...used, need]);
  return Object.keys(limits).find((key) => (after[key] ?? 0) > limits[key]! && (need[key] ?? 0) > 0);
}

export interface HostFacts {
  readonly cores: number;
  readonly ramMib: number;
}

/** How much of the host's memory machines may have: each costs some more than it is told, and the host needs the rest. */
const SHARE_OF_RAM = 0.75;

/** Limits of the host: what is configured, else what it has. */
export function limitsOf(
  section: {
    readonly 'max-servers'?: number | undefined;
    readonly 'max-cores'?: number | undefined;
    readonly 'max-ram'?: number | undefined;
  },
  host: HostFacts,
): Resources {
  return {
    cores: section['max-cores'] ?? host.cores,
    ram: section['max-ram'] ?? Math.floor(host.ramMib * SHARE_OF_RAM),
    ...(section['max-servers'] === undefined ? {} : { instances: section['max-servers'] }),
  };
}
