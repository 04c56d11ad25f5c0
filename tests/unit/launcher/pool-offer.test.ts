import type { PoolContext } from '../../../src/launcher/pool-context';
import { canPromise } from '../../../src/launcher/pool-offer';

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
