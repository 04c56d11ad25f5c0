import { configDifference } from '../../../src/config/difference';
import { parse } from './schemas';

const BASE = `
zookeeper-servers: [{host: a}, {host: b, chroot: /np}]
labels: [{name: l}, {name: m}]
diskimages: [{name: i, elements: [vm]}, {name: j}]
providers:
  - {name: x, cloud: c, diskimages: [{name: i}], pools: [{name: p, labels: [{name: l, diskimage: i, min-ram: 1}]}]}
  - {name: y, cloud: c, pools: [{name: p, max-servers: 1}]}
`;

const NOTHING = {
  providers: { added: [], removed: [], changed: [] },
  pools: { added: [], removed: [], changed: [] },
  labels: { added: [], removed: [], changed: [] },
  diskImages: { added: [], removed: [], changed: [] },
  zooKeeperHosts: undefined,
  tenantLimits: false,
  needRestart: [],
};
const none = { added: [], removed: [], changed: [] };

const changed = (...[from, to]: readonly [string, string]) => {
  expect(BASE).toContain(from);
  return configDifference(parse(BASE).config!, parse(BASE.replace(from, to)).config!);
};

test('a file read twice does not differ', () => {
  expect(configDifference(parse(BASE).config!, parse(`# another comment\n${BASE}`).config!)).toEqual(NOTHING);
});

test.each<[string, string, string, object]>([
  [
    'a pool changes with its provider',
    'max-servers: 1',
    'max-servers: 2',
    { providers: { ...none, changed: ['y'] }, pools: { ...none, changed: ['y-p'] } },
  ],
  [
    'a key of a label in a pool',
    'min-ram: 1',
    'min-ram: 2',
    { providers: { ...none, changed: ['x'] }, pools: { ...none, changed: ['x-p'] } },
  ],
  [
    'a provider renamed',
    'name: y',
    'name: z',
    {
      providers: { added: ['z'], removed: ['y'], changed: [] },
      pools: { added: ['z-p'], removed: ['y-p'], changed: [] },
    },
  ],
  ['elements of an image', '[vm]', '[vm, x]', { diskImages: { ...none, changed: ['i'] } }],
  ['min-ready', '{name: m}', '{name: m, min-ready: 1}', { labels: { ...none, changed: ['m'] } }],
  ['servers', 'host: a', 'host: z', { zooKeeperHosts: 'z:2281,b:2281/np' }],
  ['the chroot', '/np', '/other', { needRestart: ['zookeeper-servers.chroot'] }],
  ['the port of the web server', 'labels:', 'webapp: {port: 1}\nlabels:', { needRestart: ['webapp'] }],
  ['tenants', 'labels:', 'tenant-resource-limits: [{tenant-name: t}]\nlabels:', { tenantLimits: true }],
])('%s', (_title, from, to, difference) => {
  expect(changed(from, to)).toEqual({ ...NOTHING, ...difference });
});

test("delete-after-upload and keep-formats do not count, as in Python's comparison", () => {
  expect(changed('{name: j}', '{name: j, delete-after-upload: true, keep-formats: [raw]}')).toEqual(NOTHING);
});
