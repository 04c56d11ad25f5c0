import { problemLine } from '../../../src/config/problem';
import { parse } from './schemas';

const errors = (text: string, at: 'atLoad' | 'atValidate', env = {}) =>
  parse(text, { env })
    .problems.filter((it) => it[at] === 'error')
    .map(problemLine);

const openStack = (images: string, label = 'trusty') => `
providers:
  - name: cloud1
    driver: openstack
    cloud: cloud-name
    diskimages: ${images}
    pools:
      - name: main
        max-servers: 184
        labels:
          - {name: ${label}, diskimage: trusty, min-ram: 8192}
`;

const aws = (fleet: string) => `
labels: [{name: large}]
providers:
  - name: ec2
    driver: aws
    region-name: us-west-2
    cloud-images:
      - {name: ubuntu, image-id: ami-1, username: admin}
    pools:
      - name: main
        labels:
          - name: large
            cloud-image: ubuntu
            key-name: zuul
            fleet: ${fleet}
`;

const metastatic = (jobs: number) => `
labels: [{name: a}, {name: b}]
providers:
  - name: meta
    driver: metastatic
    pools:
      - name: main
        labels:
          - {name: a, backing-label: big, max-parallel-jobs: 2, grace-time: 2}
          - {name: b, backing-label: big, max-parallel-jobs: ${jobs}, grace-time: 2}
`;

const GOOD = `
elements-dir: /etc/nodepool/elements
images-dir: /opt/nodepool_dib
webapp:
  port: %(NODEPOOL_PORT)
  listen_address: '0.0.0.0'
zookeeper-servers:
  - {host: zk1.openstack.org, port: 2181, chroot: /test}
labels:
  - {name: trusty, max-ready-age: 3600, min-ready: 1}
  - {name: pod}
  - {name: static-vm}
  - {name: slot}
  - {name: ec2}
  - {name: azure}
${openStack('[{name: trusty, config-drive: true, meta: {a: b}}]').trim()}
  - name: kube
    driver: kubernetes
    context: admin-cluster.local
    pools:
      - name: main
        node-attributes: {key1: value1}
        labels:
          - {name: pod, type: pod, image: 'docker.io/fedora:28', cpu: 2, env: [{name: A, value: '1'}]}
  - name: rack
    driver: static
    pools:
      - name: main
        nodes:
          - {name: trusty.example.com, labels: static-vm, host-key: fake-key, timeout: 13, connection-port: 22022}
  - name: meta
    driver: metastatic
    pools:
      - {name: main, max-servers: 5, labels: [{name: slot, backing-label: trusty, max-parallel-jobs: 2}]}
  - name: ec2
    driver: aws
    region-name: us-east-2
    profile-name: default
    cloud-images:
      - name: ami
        username: admin
        image-filters: [{name: name, values: [named-ami]}]
    pools:
      - name: main
        max-servers: 3
        subnet-id: subnet-0123
        labels:
          - {name: ec2, cloud-image: ami, instance-type: t3.medium, key-name: zuul, tags: {team: 1}}
  - name: azure
    driver: azure
    location: centralus
    pools:
      - {name: main, max-servers: 1, labels: [{name: azure, hardware-profile: {vm-size: B1}}]}
diskimages:
  - name: trusty
    formats: [tar]
    pause: false
    elements: [ubuntu, vm]
    release: trusty
    rebuild-age: 3600
    build-timeout: 3600
    dib-cmd: /opt/dib/bin/disk-image-create
    env-vars: {TMPDIR: /opt/tmp, QUOTED: "1"}
`;

/** config.md 14, the fixtures of the upstream test-suite: what its validator says, and whether its daemons load the file. */
test.each<[string, string, 0 | 1, boolean]>([
  ['good', GOOD, 0, true],
  ['yaml error', `diskimages:\n  - name: trusty\n    elements:\n      - a\n - name: precise\n`, 1, false],
  ['missing top label', `labels: []\n${openStack('[]')}`, 1, false],
  ['no diskimage name', 'diskimages:\n  - formats: [tar]\n', 1, false],
  ['duplicate diskimage name', 'diskimages: [{name: trusty}, {name: trusty}]', 1, true],
  [
    'missing parent diskimage',
    'diskimages: [{name: a, parent: b}, {name: b, abstract: true}, {name: c, parent: nothing}]',
    1,
    false,
  ],
  [
    'missing diskimage provider',
    `labels: [{name: trusty}]\ndiskimages: [{name: trusty}, {name: right}]\n${openStack('[{name: wrong}]')}`,
    1,
    false,
  ],
  ['schema error', 'some-key-nobody-knows: 1', 1, true],
  [
    'kubernetes spec duplicate',
    `labels: [{name: pod}]
providers:
  - name: kube
    driver: kubernetes
    pools: [{name: main, labels: [{name: pod, type: pod, image: fedora, cpu: 2, spec: {containers: []}}]}]`,
    1,
    true,
  ],
  ['aws fleet good', aws('{instance-types: [t3.nano, t3.small], allocation-strategy: prioritized}'), 0, true],
  [
    'aws fleet exclusive error',
    aws('{instance-types: [t3.nano], instance-requirements: {}, allocation-strategy: prioritized}'),
    1,
    true,
  ],
  ['aws fleet strategy error', aws('{instance-types: [t3.nano], allocation-strategy: anything}'), 1, true],
  [
    'static error',
    `labels: [{name: one}]
providers:
  - name: rack
    driver: static
    cloud: key-of-openstack
    pools: [{name: main, nodes: [{name: host, labels: [one]}]}]`,
    1,
    true,
  ],
  ['metastatic ok', metastatic(2), 0, true],
  ['metastatic error', metastatic(3), 0, false],
])('%s', (_title, text, status, loads) => {
  const env = { NODEPOOL_PORT: '8005' };
  expect(errors(text, 'atValidate', env).length > 0 ? 1 : 0).toBe(status);
  expect(errors(text, 'atLoad', env)).toEqual(loads ? [] : expect.arrayContaining([expect.any(String)]));
  expect(parse(text, { env }).config !== undefined).toBe(loads);
});

test('the port from the environment is a number', () => {
  expect(parse(GOOD, { env: { NODEPOOL_PORT: '8005' } }).config?.webapp.port).toBe(8005);
});

test('a variable that is not set is named', () => {
  expect(errors(GOOD, 'atLoad')[0]).toMatch(/main\.yaml:5:.*environment variable NODEPOOL_PORT is not set/);
});

test('all problems are told, with their places', () => {
  const text = `webapp:
  prt: 1
diskimages:
  - name: a
    parent: nobody
  - elements: [x]
labels:
  - name: one
    min-ready: many
  - min-ready: 1
providers:
  - name: p
    driver: nothing
  - name: q
    cloud: c
    pools:
      - name: main
        labels:
          - name: two
            cloud-image: missing
            flavor-name: big
`;
  const { problems } = parse(text);
  expect(problems.map((it) => `${it.line}:${it.column} ${it.key}`)).toEqual([
    '2:3 webapp.prt',
    '5:5 diskimages[0].parent',
    '6:5 diskimages[1].name',
    '9:5 labels[0].min-ready',
    '10:5 labels[1].name',
    '13:5 providers[0].driver',
    '19:13 providers[1].pools[0].labels[0].name',
    '20:13 providers[1].pools[0].labels[0].cloud-image',
  ]);
  expect(problems[0]!.hint).toBe('did you mean "port"?');
});

test.each([
  ['dburi: mysql://x', /zookeeper-servers/],
  ['gearman-servers: [{host: a}]', /zookeeper-servers/],
  ['zmq-publishers: [tcp://a:1]', /scheduler/],
  ['targets: [{name: jenkins1}]', /scheduler/],
  ['cron: {cleanup: "* * * * *"}', /continuous/],
  ['labels: [{name: a, image: precise, min-ready: 2, providers: [{name: x}]}]', /cloud-image/],
  ['providers: [{name: a, cloud: c, images: [{name: precise}]}]', /diskimages/],
  ['providers: [{name: a, cloud: c, max-servers: 96}]', /pools\[\]\.max-servers/],
  ['providers: [{name: a, auth-url: "http://x"}]', /clouds\.yaml/],
  ['diskimages: [{name: a, qemu-img-options: x}]', /env-vars/],
])('an old key is told what it is called now: %s', (text, hint) => {
  const { config, problems } = parse(text);
  expect(config).toBeDefined();
  expect(problems.map((it) => it.hint ?? '').join('\n')).toMatch(hint);
});

test('our own cron key is no old key', () => {
  const { config, problems } = parse('cron: {image-update: "@daily"}\ninstallation-id: one');
  expect(problems).toEqual([]);
  expect(config).toMatchObject({ imageUpdateCron: '@daily', installationId: 'one' });
});
