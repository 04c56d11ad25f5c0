import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseFlavor } from '../../../../src/drivers/fake/choose-flavor';
import { fakeDriver } from '../../../../src/drivers/fake/driver';
import { drawMs } from '../../../../src/drivers/fake/draw';
import { distribution, DEFAULT_OPTIONS } from '../../../../src/drivers/fake/options';
import { parseAddress } from '../../../../src/drivers/fake/endpoint';
import { routeOf } from '../../../../src/drivers/fake/routes';
import { fakeSchema } from '../../../../src/drivers/fake/schema';
import { seededRandom } from '../../../../src/runtime/random';
import { driverTools } from '../../../support/fake-cloud';
import { providerConfig } from '../../../support/provider-config';

describe('flavour of a label (drivers.md 5.2)', () => {
  const flavors = [
    { id: '3', name: 'big', ram: 8192, vcpus: 8 },
    { id: '2', name: 'small b', ram: 2048, vcpus: 2 },
    { id: '1', name: 'small a', ram: 2048, vcpus: 1 },
  ];
  test.each([
    ['smallest that has the memory, first by name', { 'min-ram': 2048 }, 'small a'],
    ['one MiB more needs the next', { 'min-ram': 2049 }, 'big'],
    ['name contains', { 'min-ram': 1, 'flavor-name': 'b' }, 'small b'],
    ['name equals', { 'flavor-name': 'small b' }, 'small b'],
    ['id equals', { 'flavor-name': '3' }, 'big'],
    ['a part of a name is not enough without min-ram', { 'flavor-name': 'small' }, undefined],
    ['none is large enough', { 'min-ram': 10_000 }, undefined],
  ])('%s', (_title, section, name) => {
    expect(chooseFlavor(flavors, section)?.name).toBe(name);
  });
});

describe('section', () => {
  test('a file of the Python fake needs nothing of ours', () => {
    const section = {
      name: 'fake-provider',
      cloud: 'fake',
      driver: 'fake',
      'region-name': 'fake-region',
      rate: 0.0001,
      diskimages: [{ name: 'fake-image', meta: { key: 'value', key2: 'value' } }],
      pools: [
        {
          name: 'main',
          'max-servers': 96,
          'availability-zones': ['az1'],
          networks: ['net-name'],
          labels: [{ name: 'fake-label', diskimage: 'fake-image', 'min-ram': 8192, 'flavor-name': 'Fake' }],
        },
      ],
    };
    expect(fakeSchema.safeParse(section)).toMatchObject({ success: true });
    expect(fakeSchema.parse(section).fake).toBeUndefined();
  });

  test('options that are not understood are an error of the provider that names the key', () => {
    const config = providerConfig({ name: 'fake-x', section: { fake: { 'boot-time': 'soon' } } });
    expect(() => fakeDriver.connect(config, driverTools())).toThrow(
      expect.objectContaining({ code: 'refused', reason: expect.stringMatching(/^fake\.boot-time/) }),
    );
  });

  test('every option says what it is for', () => {
    const silent = Object.entries(fakeSchema.shape.fake.unwrap().shape)
      .filter(([, it]) => (it as { description?: string }).description === undefined)
      .map(([key]) => key);
    expect(silent).toEqual([]);
  });
});

describe('image format', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nodepool-clouds-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const formatOf = (section: Record<string, unknown>, env: Record<string, string> = {}) =>
    fakeDriver.imageFormat(providerConfig({ section }), driverTools({ HOME: folder, ...env }));

  test('is qcow2 if nothing says otherwise', () => {
    expect(formatOf({ cloud: 'fake' })).toBe('qcow2');
  });

  test('is that of the entry of clouds.yaml, which the option overrides', () => {
    const file = join(folder, 'clouds.yaml');
    writeFileSync(file, 'clouds:\n  fake-raw:\n    image_format: raw\n  fake:\n    auth: {}\n');
    const env = { OS_CLIENT_CONFIG_FILE: file };
    expect(formatOf({ cloud: 'fake-raw' }, env)).toBe('raw');
    expect(formatOf({ cloud: 'fake' }, env)).toBe('qcow2');
    expect(formatOf({ cloud: 'fake-raw', fake: { 'image-format': 'vhd' } }, env)).toBe('vhd');
  });
});

test.each([
  [0.25, 250, 250],
  [{ fixed: 1 }, 1000, 1000],
  [{ uniform: [1, 2] }, 1000, 2000],
  [{ exponential: 1, max: 3 }, 0, 3000],
  [{ lognormal: { median: 1, sigma: 1 }, max: 5 }, 0, 5000],
])('%j is drawn within its bounds, about its mean', (written, low, high) => {
  const random = seededRandom(7);
  const drawn = Array.from({ length: 20_000 }, () => drawMs(distribution.parse(written), random));
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(low);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(high);
  const median = drawn.sort((a, b) => a - b)[10_000]!;
  if (typeof written === 'object' && 'lognormal' in written) expect(median).toBeCloseTo(1000, -2);
  if (typeof written === 'object' && 'exponential' in written) expect(median).toBeCloseTo(1000 * Math.LN2, -2);
});

test('endpoints are paths or origins', () => {
  expect(parseAddress('unix:/run/x')).toMatchObject({ socketPath: '/run/x' });
  expect(parseAddress('/run/x')).toMatchObject({ socketPath: '/run/x' });
  expect(parseAddress('http://127.0.0.1:81/')).toEqual({ baseURL: 'http://127.0.0.1:81' });
  expect(() => parseAddress('somewhere')).toThrow('not the address of a simulated cloud: somewhere');
});

test.each([
  ['POST', '/v1/fake%2Feast/servers', { account: 'fake/east', operation: 'create-server' }],
  ['GET', '/v1/a/servers/7/settled', { account: 'a', operation: 'wait-server', id: '7' }],
  ['PATCH', '/v1/a/servers/7', undefined],
  ['GET', '/v1/a/servers/7/settled/x', undefined],
  ['GET', '/v2/a/servers', undefined],
  ['GET', '/v1//servers', undefined],
  ['GET', '/v1/%/servers', { account: '%', operation: 'list-servers' }],
])('%s %s', (method, path, route) => {
  expect(routeOf(method, path)).toEqual(route);
});

test('the defaults are complete', () => {
  expect(DEFAULT_OPTIONS).toMatchObject({ 'boot-time': 0.1, 'delete-time': 0, zones: ['az1', 'az2'], faults: [] });
});
