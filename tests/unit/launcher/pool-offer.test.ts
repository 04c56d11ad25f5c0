import type { PoolContext } from '../../../src/launcher/pool-context';
import { canPromise, roomFor } from '../../../src/launcher/pool-offer';
import { labelKey } from '../../../src/launcher/provider-runtime';
import type { Resources } from '../../../src/model/records';

const NEED = { instances: 1 };

interface Known {
  readonly need?: boolean;
  readonly zones?: boolean;
  readonly limits?: boolean;
  readonly configuredZones?: readonly string[];
  readonly ignoreProviderQuota?: boolean;
}

/** As much of a pool as the question is about. */
function pool(it: Known): PoolContext {
  const { need = true, zones = true, limits = true, configuredZones = [], ignoreProviderQuota = false } = it;
  const config = {
    name: 'main',
    labels: new Map([['small', {}]]),
    availabilityZones: configuredZones,
    ignoreProviderQuota,
  };
  const runtime = { need: () => (need ? NEED : undefined), knowsZones: zones, available: limits ? {} : undefined };
  return { config, runtime } as unknown as PoolContext;
}

test.each<readonly [string, number, Known, boolean]>([
  ['all is known', 2, {}, true],
  ['needs are not known', 1, { need: false }, false],
  ['limits are not known', 1, { limits: false }, false],
  ['limits are not known and do not matter', 1, { limits: false, ignoreProviderQuota: true }, true],
  ['zones are not known, several nodes', 2, { zones: false }, false],
  ['zones are not known, one node', 1, { zones: false }, true],
  ['zones are not known but configured', 2, { zones: false, configuredZones: ['az1'] }, true],
])('%s', (_title, count, known, may) => {
  expect(canPromise(pool(known), Array<string>(count).fill('small'))).toBe(may);
});

interface Space {
  readonly label?: string;
  readonly maxServers?: number;
  readonly maxConcurrency?: number;
  readonly available?: Resources | undefined;
  readonly ignoreProviderQuota?: boolean;
  readonly broken?: readonly string[];
  readonly isStanding?: boolean;
}

/** A pool with two nodes of a provider with three; each has one core. */
function spacious(it: Space): PoolContext {
  const { maxServers = Infinity, ignoreProviderQuota = false, broken = [], isStanding = false } = it;
  const config = { name: 'main', maxServers, limits: {}, labels: new Map([['small', {}]]), availabilityZones: [] };
  const used = (_provider: string, pool?: string) => (pool === undefined ? { cores: 3 } : { cores: 2, instances: 2 });
  const runtime = {
    config: { name: 'fake-east', maxConcurrency: it.maxConcurrency ?? -1 },
    need: () => ({ instances: 1, cores: 1 }),
    available: 'available' in it ? it.available : {},
    broken: new Set(broken.map((label) => labelKey('main', label))),
    isStanding,
  };
  const world = { reservations: { used } };
  return { config: { ...config, ignoreProviderQuota }, runtime, world } as unknown as PoolContext;
}

test.each<readonly [string, Space, number]>([
  ['nothing is limited', {}, Infinity],
  ['the pool is', { maxServers: 5 }, 3],
  ['the pool is full', { maxServers: 2 }, 0],
  ['the provider is', { maxServers: 5, available: { cores: 4 } }, 1],
  ['the provider does not matter', { maxServers: 5, available: { cores: 4 }, ignoreProviderQuota: true }, 3],
  ['limits are not known', { available: undefined }, 0],
  ['the label is not in the pool', { label: 'big' }, 0],
  ['the provider refused the label', { broken: ['small'] }, 0],
  ['the provider handles no requests', { maxConcurrency: 0 }, 0],
  ['machines that are there already', { isStanding: true }, 0],
])('room of a label: %s', (_title, space, room) => {
  expect(roomFor(spacious(space), space.label ?? 'small')).toBe(room);
});
