import { parse } from './schemas';

const load = (text: string, secure?: string) => parse(text, secure === undefined ? {} : { secure });
const config = (text: string, secure?: string) => {
  const { config: parsed, problems } = load(text, secure);
  if (parsed === undefined) throw new Error(JSON.stringify(problems));
  return parsed;
};

test('an empty mapping has the defaults of the specification', () => {
  expect(config('{}')).toEqual({
    zookeeper: { hosts: '', tls: undefined, timeout: 10 },
    webapp: { port: 8005, listenAddress: '0.0.0.0' },
    elementsDir: undefined,
    imagesDir: undefined,
    buildLogDir: undefined,
    buildLogRetention: 7,
    maxHoldAge: Infinity,
    diskImages: new Map(),
    labels: new Map(),
    providers: new Map(),
    tenantLimits: new Map(),
  });
});

test.each([
  ['', 'the file is empty'],
  ['# only a comment', 'the file is empty'],
  ['- a', 'the file does not hold a mapping at its top'],
  ['labels: 5', 'this is not a list'],
])('%j does not load', (text, message) => {
  expect(load(text)).toMatchObject({ config: undefined, problems: [{ message, atLoad: 'error' }] });
});

test('null is absent for the sections that allow it', () => {
  const keys = [
    'webapp',
    'zookeeper-servers',
    'diskimages',
    'labels',
    'providers',
    'zookeeper-tls',
    'tenant-resource-limits',
  ];
  const { config: parsed, problems } = load(keys.map((it) => `${it}:\n`).join(''));
  expect(parsed).toMatchObject({ webapp: { port: 8005 }, zookeeper: { tls: undefined } });
  expect(problems.map((it) => [it.atLoad, it.atValidate])).toEqual(keys.map(() => ['warning', 'error']));
});

test.each([
  ['max-hold-age: 0', Infinity],
  ['max-hold-age: -5', Infinity],
  ['max-hold-age: 3600', 3600],
])('%s', (text, expected) => {
  expect(config(text).maxHoldAge).toBe(expected);
});

describe('inheritance of diskimages', () => {
  const family = `
diskimages:
  - {name: leaf, parent: mid, elements: [c], env-vars: {Z: "3"}}
  - {name: mid, abstract: true, parent: base, elements: [b], env-vars: {Y: "2"}, pause: true, rebuild-age: 5}
  - name: base
    abstract: true
    elements: [a]
    env-vars: {X: "1", Y: "1"}
    formats: [raw]
    delete-after-upload: true
    metadata: {k: v}
    username: admin
    shell-type: csh
  - {name: other, parent: leaf, pause: false, rebuild-age: 0, delete-after-upload: false, metadata: {n: w}, formats: []}
`;

  test('follows the worked example', () => {
    expect(config(family).diskImages.get('leaf')).toMatchObject({
      elements: ['a', 'b', 'c'],
      envVars: { X: '1', Y: '2', Z: '3' },
      formats: ['raw'],
      rebuildAge: 5,
      pause: true,
      deleteAfterUpload: true,
      username: 'admin',
      shellType: 'csh',
      metadata: {},
    });
  });

  test('lets nothing be undone by zero and empty values, but by a false delete-after-upload', () => {
    expect(config(family).diskImages.get('other')).toMatchObject({
      formats: ['raw'],
      rebuildAge: 5,
      pause: true,
      deleteAfterUpload: false,
      metadata: { n: 'w' },
    });
  });

  test('leaves abstract entries out', () => {
    expect([...config(family).diskImages.keys()]).toEqual(['leaf', 'other']);
  });

  test('refuses a circle', () => {
    const { config: parsed, problems } = load('diskimages: [{name: a, parent: b}, {name: b, parent: a}]');
    expect(parsed).toBeUndefined();
    expect(problems[0]).toMatchObject({ message: expect.stringContaining('its own ancestor'), atValidate: 'warning' });
  });

  test('release is text, whatever it looks like', () => {
    const images = config(
      'diskimages: [{name: a, release: 9}, {name: b, release: "9.0"}, {name: c, release: 010}]',
    ).diskImages;
    expect([...images.values()].map((it) => it.release)).toEqual(['9', '9.0', '8']);
  });

  test('a release with a fraction is the text that Python makes of it', () => {
    const { config: parsed, problems } = load('diskimages: [{name: a, release: 8.0}, {name: b, release: 24.10}]');
    expect([...parsed!.diskImages.values()].map((it) => it.release)).toEqual(['8.0', '24.1']);
    expect(problems.map((it) => [it.message, it.hint])).toEqual([
      ['a number is taken as text', 'put quotes around it'],
      ['a number is taken as text', 'put quotes around it'],
    ]);
  });

  test('of equal names the last counts, at the place of the first', () => {
    const { diskImages } = config('diskimages: [{name: a, release: x}, {name: b}, {name: a, release: y}]');
    expect([...diskImages.values()].map((it) => [it.name, it.release])).toEqual([
      ['a', 'y'],
      ['b', ''],
    ]);
  });
});

describe('what Python swallows', () => {
  test.each<[string, (text: string) => unknown, unknown]>([
    ['labels: [{name: a, min-ready: "2"}]', (it) => config(it).labels.get('a')?.minReady, 2],
    ['labels: [{name: a, min-ready: 2.7}]', (it) => config(it).labels.get('a')?.minReady, 2],
    ['labels: [{name: a, min-ready: 2.0}]', (it) => config(it).labels.get('a')?.minReady, 2],
    ['labels: [{name: a, min-ready: lots}]', (it) => config(it).labels.get('a')?.minReady, 0],
    ['labels: [{name: 7}]', (it) => [...config(it).labels.keys()], ['7']],
    ['diskimages: [{name: a, pause: "no"}]', (it) => config(it).diskImages.get('a')?.pause, true],
    ['diskimages: [{name: a, elements: vm}]', (it) => config(it).diskImages.get('a')?.elements, ['vm']],
    [
      'diskimages: [{name: a, env-vars: {N: 1, D: 2024-01-01}}]',
      (it) => config(it).diskImages.get('a')?.envVars,
      { N: '1', D: '2024-01-01' },
    ],
    ['diskimages: [{name: a, env-vars: }]', (it) => config(it).diskImages.get('a')?.envVars, {}],
    ['images-dir: 5', (it) => config(it).imagesDir, '5'],
  ])('%s', (text, look, expected) => {
    expect(look(text)).toEqual(expected);
    const verdicts = load(text).problems.map((it) => `${it.atLoad} ${it.atValidate}`);
    expect(new Set(verdicts)).toEqual(new Set(['warning error']));
  });

  test('a number that only Python can hold is as large as we can', () => {
    expect(load('max-hold-age: 99999999999999999999')).toMatchObject({
      config: { maxHoldAge: Number.MAX_SAFE_INTEGER },
      problems: [],
    });
  });

  test.each([
    ['max-hold-age: 2h', 'max-hold-age'],
    ['labels: [{name: a, max-ready-age: [1]}]', 'labels[0].max-ready-age'],
    ['tenant-resource-limits: [{tenant-name: a, max-servers: four}]', 'tenant-resource-limits[0].max-servers'],
    [
      'labels: []\nproviders: [{name: fake-x, driver: fake, cloud: c, pools: [{name: p, max-servers: four, labels: []}]}]',
      'providers[0].pools[0].max-servers',
    ],
  ])('%s: a limit that cannot be read is not taken for none', (text, key) => {
    const { config, problems } = load(text);
    expect(config).toBeUndefined();
    const expected = { key, atLoad: 'error', atValidate: 'error', expected: 'a whole number' };
    expect(problems.filter((it) => it.atLoad === 'error')).toMatchObject([expected]);
  });

  test('a limit without end is none', () => {
    const text =
      'labels: []\nproviders: [{name: fake-x, driver: fake, cloud: c, pools: [{name: p, max-servers: .inf, labels: []}]}]';
    expect(load(text).config?.providers.get('fake-x')?.pools.get('p')?.maxServers).toBe(Infinity);
  });

  test('true and false pass as numbers without a word', () => {
    expect(load('build-log-retention: yes')).toMatchObject({ config: { buildLogRetention: 1 }, problems: [] });
  });

  test('a whole number of seconds for ZooKeeper loads and is remarked on', () => {
    expect(load('zookeeper-timeout: 30')).toMatchObject({
      config: { zookeeper: { timeout: 30 } },
      problems: [{ key: 'zookeeper-timeout', atLoad: 'warning', atValidate: 'warning' }],
    });
    expect(load('zookeeper-timeout: 30.0').problems).toEqual([]);
  });

  test.each([
    ['providers: [{name: x}]', 'key "cloud" is missing'],
    [
      'labels: [{name: a}]\nproviders: [{name: x, cloud: c, pools: [{name: p, labels: [{name: a, flavor-name: f}]}]}]',
      'one of "diskimage", "cloud-image" is needed',
    ],
    ['labels: [{name: a}]\nproviders: [{name: x, driver: metastatic, pools: [{name: p}]}]', 'key "labels" is missing'],
    ['providers: [{name: x, driver: aws}]', 'key "region-name" is missing'],
  ])('%s misses what only the validator demands', (text, message) => {
    expect(load(text)).toMatchObject({
      config: { providers: expect.any(Map) },
      problems: [{ message, atLoad: 'warning', atValidate: 'error' }],
    });
  });

  test('messages never repeat a value', () => {
    const { problems } = load('diskimages: [{name: a, env-vars: {PASSWORD: 12345678}, pause: hunter2}]');
    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toMatch(/12345678|hunter2/);
  });
});

describe('ZooKeeper', () => {
  const hosts = (servers: string) => config(`zookeeper-servers: ${servers}`).zookeeper.hosts;

  test.each([
    ['[{host: a}]', 'a:2281'],
    ['[{host: a, port: 2181}, {host: b}]', 'a:2181,b:2281'],
    ['[{host: a}, {host: b, chroot: /np}]', 'a:2281,b:2281/np'],
    ['[{host: a, chroot: /np}, {host: b, chroot: /np}]', 'a:2281/np,b:2281/np'],
    ['[{host: "::1"}]', '[::1]:2281'],
    ['[{host: "2001:DB8:0:0:0:0:0:1"}]', '[2001:db8::1]:2281'],
    ['[{host: "[::1]", port: 1}]', '[::1]:1'],
    ['[{host: "fe80::1%eth0"}]', '[fe80::1%eth0]:2281'],
    ['[]', ''],
  ])('%s', (servers, expected) => {
    expect(hosts(servers)).toBe(expected);
  });

  test('a chroot on any server but the last is warned of with what it does', () => {
    const [problem] = load('zookeeper-servers: [{host: zk1, chroot: /np}, {host: zk2, chroot: /np}]').problems;
    expect(problem).toMatchObject({ atLoad: 'warning', message: expect.stringContaining('/np,zk2:2281/np') });
  });

  test('a server needs a host to load, not to validate', () => {
    expect(load('zookeeper-servers: [{port: 1}]')).toMatchObject({
      config: undefined,
      problems: [{ atLoad: 'error', atValidate: 'warning' }],
    });
  });

  test('half a set of certificates is refused rather than ignored', () => {
    expect(load('zookeeper-tls: {cert: a, key: b}').config).toBeUndefined();
    expect(config('zookeeper-tls: {cert: a, key: b, ca: c}').zookeeper.tls).toEqual({ cert: 'a', key: 'b', ca: 'c' });
  });
});

describe('the secure file', () => {
  const main = `
zookeeper-servers: [{host: a}]
zookeeper-tls: {cert: 1, key: 2, ca: 3}
diskimages: [{name: x, env-vars: {A: a, B: b}}, {name: base, abstract: true}]
`;

  test('replaces servers and certificates, and merges environments', () => {
    const secure = `
zookeeper-servers: [{host: s}]
zookeeper-tls: {cert: c, key: k, ca: a}
diskimages: [{name: x, env-vars: {B: secret}}]`;
    const merged = config(main, secure);
    expect(merged.zookeeper).toMatchObject({ hosts: 's:2281', tls: { cert: 'c', key: 'k', ca: 'a' } });
    expect(merged.diskImages.get('x')?.envVars).toEqual({ A: 'a', B: 'secret' });
  });

  test('in the ini format of old is told from other nonsense', () => {
    const { config: parsed, problems: all } = load(
      main,
      `# secrets
[database]
dburi=mysql://user:hunter2@host/nodepool

[jenkins "ci one"]
user: admin
  apikey = hunter3
`,
    );
    expect(parsed).toBeUndefined();
    const problems = all.filter((it) => it.file === 'secure.yaml');
    const places = problems.map(({ file, line, column, key }) => `${file}:${line}:${column} ${key}`);
    expect(places).toEqual([
      'secure.yaml:2:1 ',
      'secure.yaml:3:1 database.dburi',
      'secure.yaml:6:1 jenkins "ci one".user',
      'secure.yaml:7:3 jenkins "ci one".apikey',
    ]);
    expect(problems.map((it) => it.message)[0]).toContain('ini format');
    expect(problems.every((it) => it.hint !== undefined)).toBe(true);
    expect(JSON.stringify(problems)).not.toMatch(/hunter|admin/);
  });

  test('may be empty', () => {
    expect(config(main, '').zookeeper.hosts).toBe('a:2281');
    expect(config(main, 'zookeeper-servers: []').zookeeper.hosts).toBe('a:2281');
  });

  test.each(['nobody', 'base'])('names the image %s that is not there, and itself', (name) => {
    const { config: parsed, problems } = load(main, `diskimages: [{name: ${name}, env-vars: {A: b}}]`);
    expect(parsed).toBeUndefined();
    expect(problems.at(-1)).toMatchObject({ file: 'secure.yaml', message: expect.stringContaining(`"${name}"`) });
  });

  test('an entry without env-vars does not load', () => {
    expect(load(main, 'diskimages: [{name: x}]').config).toBeUndefined();
  });
});

describe('providers', () => {
  const provider = (text: string) =>
    config(
      `labels: [{name: a}, {name: b}]\ndiskimages: [{name: img, python-path: /p, metadata: {k: v, l: w}}]\nproviders:\n${text}`,
    );

  test('the default driver is openstack, and a name beginning with fake forces fake', () => {
    const { providers } = provider('  - {name: x, cloud: c}\n  - {name: fakes, driver: aws}');
    expect([...providers.values()].map((it) => it.driver)).toEqual(['openstack', 'fake']);
  });

  test('max-concurrency, priorities and limits', () => {
    const { providers } = provider(`  - name: x
    cloud: c
    priority: 5
    pools:
      - {name: p, max-cores: 4, max-ram: 1024, max-volumes: 2, max-volume-gb: 10}
      - {name: q, priority: 7, max-servers: 0}`);
    const { maxConcurrency, pools } = providers.get('x')!;
    expect(maxConcurrency).toBe(-1);
    expect(pools.get('p')).toMatchObject({
      priority: 5,
      maxServers: Infinity,
      limits: { cores: 4, ram: 1024, volumes: 2, 'volume-gb': 10 },
    });
    expect(pools.get('q')).toMatchObject({ priority: 7, maxServers: 0, limits: {} });
  });

  test('diskimages of OpenStack take interpreter and metadata from the diskimage, those of AWS have their own', () => {
    const { providers } = provider(`  - name: x
    cloud: c
    diskimages: [{name: img, meta: {l: own}, connection-type: winrm}]
  - {name: y, driver: aws, region-name: r, diskimages: [{name: img, tags: {t: u}}]}`);
    expect(providers.get('x')!.diskImages.get('img')).toMatchObject({
      pythonPath: '/p',
      connectionPort: 5986,
      metadata: { k: 'v', l: 'own' },
    });
    expect(providers.get('y')!.diskImages.get('img')).toMatchObject({
      pythonPath: 'auto',
      connectionPort: 22,
      metadata: { k: 'v', l: 'w', t: 'u' },
    });
  });

  test('limits of kubernetes and aws are inherited by pools, resources merged', () => {
    const { providers } = provider(`  - name: k
    driver: kubernetes
    max-cores: 10
    max-resources: {gpu: 1, fpga: 2}
    pools: [{name: p, max-ram: 5, max-resources: {gpu: 3}, labels: []}]`);
    expect(providers.get('k')!.pools.get('p')!.limits).toEqual({ cores: 10, ram: 5, gpu: 3, fpga: 2 });
  });

  test.each([
    ['aws', 7],
    ['openshift', 7],
    ['kubernetes', Infinity],
  ])('a pool of %s may have %d servers where only the provider has a limit', (driver, expected) => {
    const { providers } = provider(`  - name: k
    driver: ${driver}
    max-servers: 7
    pools: [{name: p, labels: []}, {name: q, max-servers: 3, labels: []}]`);
    const { pools } = providers.get('k')!;
    expect([pools.get('p')!.maxServers, pools.get('q')!.maxServers]).toEqual([expected, 3]);
  });

  test("a static pool offers its machines' labels; text is split at blanks", () => {
    const { providers, labels } = provider(`  - name: s
    driver: static
    pools:
      - name: p
        nodes: [{name: h, labels: "a b"}, {name: i, labels: [a]}]`);
    expect([...providers.get('s')!.pools.get('p')!.labels.keys()]).toEqual(['a', 'b']);
    expect(labels.get('b')!.pools).toEqual([{ provider: 's', pool: 'p' }]);
  });

  test('host key checking comes from the label, its pool, or the driver', () => {
    const { providers } = provider(`  - name: m
    driver: metastatic
    pools: [{name: p, labels: [{name: a, backing-label: z}, {name: b, backing-label: y, host-key-checking: true}]}]`);
    const labels = [...providers.get('m')!.pools.get('p')!.labels.values()];
    expect(labels.map((it) => it.hostKeyChecking)).toEqual([false, true]);
  });

  test('an image that nobody wants in any format is remarked on', () => {
    const text = `diskimages: [{name: a}, {name: b, formats: [raw]}, {name: c}, {name: d, abstract: true}]
providers: [{name: x, cloud: c, diskimages: [{name: a}]}]`;
    const { config: parsed, problems } = load(text);
    expect(parsed).toBeDefined();
    expect(problems.map((it) => [it.key, it.atLoad, it.atValidate])).toEqual([
      ['diskimages[2].name', 'warning', 'warning'],
    ]);
    expect(problems[0]!.message).toBe('diskimage "c" is never built: it has no "formats", and no provider lists it');
  });

  test('drivers of later releases load with a remark', () => {
    const text = 'providers: [{name: g, driver: gce, region: r, pools: [{name: p, labels: []}]}]';
    expect(load(text)).toMatchObject({ problems: [{ atLoad: 'warning', atValidate: 'warning' }] });
    expect(config(text).providers.get('g')).toMatchObject({ driver: 'gce', section: { region: 'r' } });
  });
});

test('tenant limits go by the names of resources', () => {
  const text =
    'tenant-resource-limits: [{tenant-name: t, max-servers: 1, max-cores: 2, max-volume-gb: 3, L-1: 4}, {tenant-name: u}]';
  expect(config(text).tenantLimits).toEqual(
    new Map([
      ['t', { instances: 1, cores: 2, 'volume-gb': 3, 'L-1': 4 }],
      ['u', {}],
    ]),
  );
});
