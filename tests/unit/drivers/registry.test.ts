import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openProvider } from '../../../src/drivers/open-provider';
import { driverOf, drivers } from '../../../src/drivers/registry';
import { FakeClock } from '../../support/fake-clock';
import { driverTools } from '../../support/fake-cloud';
import { providerConfig } from '../../support/provider-config';

const tools = { ...driverTools(), clock: new FakeClock() };

test('names and entries agree', () => {
  for (const [name, entry] of drivers) expect(entry.name).toBe(name);
});

test.each([
  ['openstack', { cloud: 'c' }],
  ['metastatic', {}],
  ['kubernetes', {}],
  ['aws', { 'region-name': 'r' }],
])('%s is known by its schema only', (name, keys) => {
  const section = { name: 'cloud-1', driver: name, pools: [], ...keys };
  expect(drivers.get(name)!.schema.safeParse(section)).toMatchObject({ success: true });
  expect(() => openProvider(providerConfig({ driver: name }), tools)).toThrow(`driver ${name} is not in this release`);
});

test('a driver that nobody wrote is named with those that there are', () => {
  expect(() => driverOf(providerConfig({ name: 'x', driver: 'vax' }))).toThrow(
    /^provider x: no driver vax; there are aws, fake, kubernetes, /,
  );
});

test('only image-managing drivers take uploads (builder.md 8.2)', () => {
  const names = [...drivers].filter(([, it]) => it.managesImages).map(([name]) => name);
  expect(names.sort()).toEqual(['aws', 'fake', 'openstack', 'qemu']);
});

test('the code of a cloud is read when it is first needed, not with the registry', () => {
  const script = `
    const { drivers } = require('./src/drivers/registry');
    const loaded = () => Object.keys(require.cache).some((it) => it.endsWith('/fake/driver.ts'));
    const before = loaded();
    drivers.get('fake').load();
    console.log(before, loaded());`;
  const root = join(__dirname, '../../..');
  const output = execFileSync(process.execPath, ['-r', './tests/support/register.js', '-e', script], { cwd: root });
  expect(output.toString().trim()).toBe('false true');
});
