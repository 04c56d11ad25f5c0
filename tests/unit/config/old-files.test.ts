import { OLD_KEYS } from '../../../src/config/old-keys';
import { parse } from './schemas';

/** Where a file of its time had the keys of a list, with a value that stands for any. */
const PLACES: Readonly<Record<string, (key: string) => string>> = {
  '': (key) => `${key}: x`,
  cron: (key) => `cron: {${key}: x}`,
  labels: (key) => `labels: [{name: a, ${key}: x}]`,
  diskimages: (key) => `diskimages: [{name: a, ${key}: x}]`,
  providers: (key) => `providers: [{name: a, cloud: c, ${key}: x}]`,
  pools: (key) => `providers: [{name: a, cloud: c, pools: [{name: p, ${key}: x}]}]`,
  nodes: (key) =>
    `labels: [{name: l}]\nproviders: [{name: a, driver: static, pools: [{name: p, nodes: [{name: n, labels: l, ${key}: 22}]}]}]`,
  'cloud-images': (key) => `providers: [{name: a, cloud: c, cloud-images: [{name: i, ${key}: x}]}]`,
  images: (key) => `providers: [{name: a, cloud: c, images: [{name: i, ${key}: x}]}]`,
  networks: (key) => `providers: [{name: a, cloud: c, networks: [{${key}: x}]}]`,
  targets: (key) => `targets: [{name: t, ${key}: x}]`,
  jenkins: (key) => `targets: [{name: t, jenkins: {${key}: x}}]`,
};

const KEYS = Object.entries(OLD_KEYS)
  .filter(([list]) => list !== 'database') // in the ini file alone; tried with the secure file
  .flatMap(([list, keys]) => Object.entries(keys).map(([key, hint]) => [list, key, hint] as const));

describe('an old key is told what stands in its place', () => {
  test.each(KEYS)('%s %s', (list, key, hint) => {
    const text = PLACES[list]!(key);
    const { config, problems } = parse(text);
    expect(config).toBeDefined(); // as in Python, which ignores it
    const own = problems.filter(
      (it) =>
        it.key
          .split(/[.[\]]+/)
          .filter(Boolean)
          .at(-1) === key,
    );
    const column = Math.max(...[...text.matchAll(new RegExp(`\\b${key}: `, 'g'))].map((it) => it.index));
    const line = text.slice(0, column).split('\n').length;
    expect(own).toContainEqual(
      expect.objectContaining({
        file: 'main.yaml',
        line,
        column: column - text.lastIndexOf('\n', column),
        ...(key === 'ssh-port' ? {} : { hint, atLoad: 'warning', atValidate: 'error' }),
      }),
    );
    expect(problems.every((it) => it.line !== undefined)).toBe(true);
  });
});

test('a whole file of 0.5 is told what to do, key by key', () => {
  const { problems } = parse(`script-dir: /etc/nodepool/scripts
dburi: 'mysql+pymysql://nodepool:hunter2@localhost/nodepool'
cron:
  check: '*/15 * * * *'
  image-update: '14 14 * * *'
zookeeper-servers:
  - host: localhost
labels:
  - name: precise
    image: precise
    subnodes: 1
    providers:
      - name: cloud
providers:
  - name: cloud
    cloud: c
    max-servers: 30
    networks:
      - net-id: abc
    images:
      - name: precise
        base-image: 'Ubuntu 12.04'
        private-key: /home/nodepool/.ssh/id_rsa
targets:
  - name: one
    jenkins:
      apikey: hunter3
`);
  expect(problems.map((it) => `${it.line}:${it.column} ${it.key}`)).toEqual([
    '1:1 script-dir',
    '2:1 dburi',
    '4:3 cron.check',
    '7:5 zookeeper-servers[0]',
    '10:5 labels[0].image',
    '11:5 labels[0].subnodes',
    '12:5 labels[0].providers',
    '17:5 providers[0].max-servers',
    '18:5 providers[0].networks',
    '19:9 providers[0].networks[0].net-id',
    '20:5 providers[0].images',
    '21:9 providers[0].images[0].name',
    '22:9 providers[0].images[0].base-image',
    '23:9 providers[0].images[0].private-key',
    '24:1 targets',
    '26:5 targets[0].jenkins',
    '27:7 targets[0].jenkins.apikey',
  ]);
  expect(problems.every((it) => it.hint !== undefined)).toBe(true);
  expect(JSON.stringify(problems)).not.toMatch(/hunter/);
});

test('networks of old in a pool of today are taken by name', () => {
  const { config, problems } = parse(
    'providers: [{name: a, cloud: c, pools: [{name: p, networks: [{name: private, public: true}, {net-id: 4f}, plain]}]}]',
  );
  expect(config!.providers.get('a')!.pools.get('p')!.section['networks']).toEqual(['private', '4f', 'plain']);
  expect(problems.map((it) => [it.key, it.atLoad, it.atValidate])).toEqual([
    ['providers[0].pools[0].networks[0]', 'warning', 'error'],
    ['providers[0].pools[0].networks[1]', 'warning', 'error'],
  ]);
});

test.each([
  ['zookeeper-servers: [{host: zk}]', 1],
  ['zookeeper-servers: [{host: zk, port: 2281}]', 0],
  ['zookeeper-servers: [{host: zk}]\nzookeeper-tls: {cert: c, key: k, ca: a}', 0],
])('the port that was 2181 before 4.0: %j has %i remarks', (text, count) => {
  const remarks = parse(text).problems.filter((it) => it.hint?.includes('2181'));
  expect(remarks.map((it) => [it.atLoad, it.atValidate])).toEqual(Array(count).fill(['warning', 'warning']));
});
