import { fc } from '../../../support/property';
import { limitsOf, shortage, totalOf } from '../../../../src/drivers/qemu/capacity';

const small = { cores: 1, ram: 1024, instances: 1 };

test.each([
  ['an empty host', { cores: 2, ram: 4096 }, [], undefined],
  ['exactly the last place', { cores: 2, ram: 2048, instances: 2 }, [small], undefined],
  ['no processor left', { cores: 1, ram: 4096 }, [small], 'cores'],
  ['no memory left', { cores: 9, ram: 2047 }, [small], 'ram'],
  ['no machine left', { cores: 9, ram: 9999, instances: 1 }, [small], 'instances'],
  ['no limit at all', {}, [small, small], undefined],
  ['a limit of nothing', { instances: 0 }, [], 'instances'],
])('one more small machine on %s', (_title, limits, used, expected) => {
  expect(shortage(limits, used, small)).toBe(expected);
});

test('an overdrawn resource that the machine does not need is no obstacle', () => {
  expect(shortage({ gpus: 1 }, [{ gpus: 2 }], small)).toBeUndefined();
});

const amounts = fc.dictionary(fc.constantFrom('cores', 'ram', 'instances', 'gpus'), fc.nat(8), {
  noNullPrototype: true,
});

test('what is taken one by one as long as it fits never exceeds the limits', () => {
  fc.assert(
    fc.property(amounts, fc.array(amounts), (limits, wishes) => {
      const taken: Readonly<Record<string, number>>[] = [];
      for (const wish of wishes) if (shortage(limits, taken, wish) === undefined) taken.push(wish);
      const total = totalOf(taken);
      for (const [key, limit] of Object.entries(limits)) expect(total[key] ?? 0).toBeLessThanOrEqual(limit);
    }),
  );
});

test.each([
  ['what the host has', {}, { cores: 4, ram: 6144 }],
  [
    'what is configured',
    { 'max-cores': 16, 'max-ram': 1000, 'max-servers': 3 },
    { cores: 16, ram: 1000, instances: 3 },
  ],
])('limits are %s', (_title, section, expected) => {
  expect(limitsOf(section, { cores: 4, ramMib: 8192 })).toEqual(expected);
});
