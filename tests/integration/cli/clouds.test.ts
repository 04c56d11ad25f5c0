import { readFile } from 'node:fs/promises';
import { parseConfig } from '../../../src/config/parse';
import type { Provider } from '../../../src/drivers/driver';
import { drivers } from '../../../src/drivers/registry';
import { newUpload, printUpload } from '../../../src/model/image-records';
import type { ImageUpload } from '../../../src/model/records';
import { newNode, printNode } from '../../../src/model/node-record';
import { systemClock } from '../../../src/runtime/clock';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { driverTools, startTestCloud, type TestCloud } from '../../support/fake-cloud';
import { connectTo } from './load-tree';
import { nodepool, temporaryFolder } from './run-cli';

const never = new AbortController().signal;
const BUILD = '2b9a6204462047e682f05819e67721d1';

describe('what clouds have and records do not, and the other way round', () => {
  let server: PrivateServer;
  let zk: ZooKeeper;
  let cloud: TestCloud;
  let provider: Provider;
  let trees = 0;
  let chroot: string;
  let file: string;
  const files = temporaryFolder();
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
    zk = await connectTo(server.hosts);
  });
  beforeEach(async () => {
    cloud = await startTestCloud();
    chroot = `/clouds-${(trees += 1)}`;
    for (const it of ['', '/nodepool', '/nodepool/nodes', '/nodepool/images']) await make(it);
    const text = configText('    port-cleanup-interval: 0\n');
    file = files.file(`${trees}.yaml`, text);
    const config = parseConfig({ file, text }, undefined, {}, drivers).config!;
    provider = drivers.get('fake')!.connect(config.providers.get('west')!, driverTools(cloud.env));
  });
  afterEach(async () => {
    await provider.close();
    await cloud.close();
  });
  afterAll(async () => {
    await zk.close();
    await server.stop();
    files.remove();
  });

  function configText(extra: string): string {
    const [host, port] = server.hosts.split(':');
    return `zookeeper-servers: [{host: ${host}, port: ${port}, chroot: ${chroot}}]
labels: [{name: small}]
diskimages: [{name: deb}]
providers:
  - name: west
    driver: fake
    cloud: fake
${extra}    diskimages: [{name: deb}]
    cloud-images: [{name: precise, image-name: Fake Precise}]
    pools: [{name: main, labels: [{name: small, cloud-image: precise, flavor-name: Fake Flavor}]}]
`;
  }

  const make = (path: string, data = '') => zk.create(`${chroot}${path}`, Buffer.from(data));
  const run = (...args: string[]) => nodepool(['-c', file, ...args], { env: cloud.env });
  async function rows(...args: string[]) {
    const { status, stdout, stderr } = await run(...args, '--format', 'json');
    return { status, stderr, rows: JSON.parse(stdout) as Record<string, unknown>[] };
  }

  /** An instance as a launcher makes it, or as anybody. */
  async function launch(node: string, isOurs = true): Promise<string> {
    const { config } = parseConfig({ file, text: configText('') }, undefined, {}, drivers);
    const pool = config!.providers.get('west')!.pools.get('main')!;
    const metadata: Record<string, string> = isOurs
      ? { nodepool_node_id: node, nodepool_provider_name: 'west', nodepool_pool_name: 'main' }
      : {};
    const label = pool.labels.get('small')!;
    const image = { cloudImage: 'precise' };
    const made = await provider.launch({ name: `np${node}`, label, pool, image, metadata }, never);
    await provider.settled(made.externalId, never);
    return made.externalId as string;
  }

  async function node(id: string, externalId: string | null, change: object = {}): Promise<void> {
    const record = newNode({
      provider: 'west',
      pool: 'main',
      type: ['small'],
      stateTime: 1,
      state: 'ready',
      externalId,
    });
    await make(`/nodepool/nodes/${id}`, printNode({ ...record, ...change }).toString());
  }

  async function image(upload: string): Promise<string> {
    const metadata = { nodepool_build_id: BUILD, nodepool_upload_id: upload, nodepool_provider_name: 'west' };
    const spec = { name: `deb-${upload}`, metadata, file: files.file('deb.qcow2', 'x'), format: 'qcow2', image: 'deb' };
    return (await provider.images!.upload(spec, () => undefined, never)).externalId;
  }

  async function uploadRecord(upload: string, externalId: string): Promise<void> {
    const dirs = ['/deb', '/deb/builds', `/deb/builds/${BUILD}`, `/deb/builds/${BUILD}/providers`];
    const west = `/deb/builds/${BUILD}/providers/west`;
    for (const it of [...dirs, west, `${west}/images`]) {
      const data = it.endsWith(BUILD) ? '{"state": "ready", "state_time": 1, "formats": "qcow2"}' : '';
      if ((await zk.exists(`${chroot}/nodepool/images${it}`)) === undefined) await make(`/nodepool/images${it}`, data);
    }
    const facts = { stateTime: 1, username: null, pythonPath: null, shellType: null };
    const record: ImageUpload = { ...newUpload(facts), state: 'ready', externalId, externalName: 'x' };
    await make(`/nodepool/images${west}/images/${upload}`, printUpload(record).toString());
  }

  test('alien-list shows servers that no node has, also those of others', async () => {
    const [own, leaked, foreign] = [await launch('0000000001'), await launch('0000000002'), await launch('x', false)];
    await node('0000000001', own);
    const { stdout } = await run('alien-list', 'west');
    expect(stdout).toMatch(/^\+-[^\n]*\n\| Provider \| Hostname +\| Server ID +\| IP +\|\n/);
    const found = (await rows('alien-list')).rows;
    expect(found.map((it) => it['server_id']).sort()).toEqual([leaked, foreign].sort());
    expect(found.find((it) => it['server_id'] === leaked)).toMatchObject({
      provider: 'west',
      hostname: 'np0000000002',
    });
    const { rows: named } = await rows('alien-list', '--fields', 'metadata', '--filter', `server_id=${leaked}`);
    expect(named).toMatchObject([{ metadata: { nodepool_node_id: '0000000002' } }]);
  });

  test('an instance whose id is still on its way into the record is no alien', async () => {
    await launch('0000000001');
    await node('0000000001', null, { state: 'building' });
    expect((await rows('alien-list')).rows).toEqual([]);
  });

  test('alien-image-list shows images of builders that no READY upload has', async () => {
    const [known, unknown] = [await image('0000000001'), await image('0000000002')];
    await uploadRecord('0000000001', known);
    const { stdout } = await run('alien-image-list');
    expect(stdout).toMatch(/\| Provider \| Name +\| Image ID +\|\n/);
    expect((await rows('alien-image-list')).rows).toEqual([
      { provider: 'west', name: 'deb-0000000002', image_id: unknown },
    ]);
  });

  test('audit: nothing is off', async () => {
    await node('0000000001', await launch('0000000001'));
    await uploadRecord('0000000001', await image('0000000001'));
    await launch('x', false); // somebody else's
    const outcome = await run('audit');
    expect(outcome).toMatchObject({ status: 0 });
    expect(outcome.stderr).toBe('1 provider(s) compared: 2 instances, 1 images; nothing is off\n');
  });

  test('audit: what is off, both ways, with status 1', async () => {
    const [leaked, image2] = [await launch('0000000002'), await image('0000000002')];
    await node('0000000003', 'gone');
    await node('0000000004', 'going', { state: 'deleting' });
    await uploadRecord('0000000005', 'gone too');
    await node('0000000006', 'z', { provider: 'removed' });
    const other = await launch('0000000007');
    await node('0000000007', await launch('0000000007-2', false));
    const { status, rows: found } = await rows('audit');
    expect(status).toBe(1);
    const short = found.map((it) => [it['provider'], it['resource'], it['id'], it['problem']]);
    expect(short.sort()).toEqual(
      [
        ['west', 'instance', leaked, 'instance without node'],
        ['west', 'instance', other, 'instance not of its node'],
        ['west', 'node', '0000000003', 'node without instance'],
        ['west', 'image', image2, 'image without upload'],
        ['west', 'upload', `deb-${BUILD}/0000000005`, 'upload without image'],
        ['removed', 'node', '0000000006', 'provider not configured'],
      ].sort(),
    );
    expect((await rows('audit', 'west')).rows).toHaveLength(5);
    expect((await rows('audit', '--filter', 'resource=node', '--sort', '-id')).rows).toHaveLength(2);
  });

  test('audit of machines that are there already asks none of them', async () => {
    const machine = (name: string, more = '') => `{name: ${name}, labels: small, username: zuul${more}}`;
    const racks = [machine('rack1', ', max-parallel-jobs: 2'), machine('rack2'), machine('rack3'), machine('rack3')];
    file = files.file(
      'racks.yaml',
      `${configText('')}  - name: racks
    driver: static
    pools: [{name: main, nodes: [${racks.join(', ')}]}]
`,
    );
    const standing = (id: string, hostname: string, slot: number, change: object = {}) =>
      node(id, hostname, { provider: 'racks', hostname, username: 'zuul', connectionPort: 22, slot, ...change });
    await standing('0000000001', 'rack1', 0);
    await standing('0000000002', 'rack2', 0, { state: 'in-use' });
    await standing('0000000003', 'rack2', 0);
    await standing('0000000004', 'rack4', 0, { state: 'in-use' });
    const { status, rows: found } = await rows('audit', 'racks');
    expect(status).toBe(1);
    expect(found.map((it) => [it['resource'], it['id'], it['name'], it['problem'], it['detail']])).toEqual([
      ['machine', 'zuul@rack3:22', 'rack3', 'configured twice', 'again in pool main'],
      ['machine', 'zuul@rack1:22', 'rack1', 'machine without node', 'pool main, slot 1 of 2, counted from 0'],
      ['machine', 'zuul@rack3:22', 'rack3', 'machine without node', 'pool main'],
      [
        'node',
        '0000000004',
        'rack4',
        'node without machine',
        'state in-use, zuul@rack4:22: no such machine is configured',
      ],
      [
        'node',
        '0000000003',
        'rack2',
        'node without slot',
        'state ready, zuul@rack2:22: machine has 1 slot(s), taken by 0000000002',
      ],
    ]);
    expect((await rows('audit', '--filter', 'provider=racks')).rows).toEqual(found);
    file = files.file('rack.yaml', (await readFile(file, 'utf8')).replace(/nodes: .*/, `nodes: [${racks[0]}]}]`));
    for (const it of ['0000000002', '0000000003', '0000000004']) await zk.delete(`${chroot}/nodepool/nodes/${it}`);
    await standing('0000000005', 'rack1', 1);
    const outcome = await run('audit', 'racks');
    expect(outcome).toMatchObject({
      status: 0,
      stderr: '1 provider(s) compared: 0 instances, 0 images, 1 machines; nothing is off\n',
    });
  });

  test('audit counts what carries no metadata, where the driver can list it', async () => {
    file = files.file('ports.yaml', configText(''));
    const { rows: found } = await rows('audit');
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found.map((it) => `${it['resource']} ${it['problem']}`))).toEqual(new Set(['ports not used']));
  });

  test('a cloud that does not answer is named, and audit is not content', async () => {
    await cloud.close();
    for (const [command, status] of [
      ['alien-list', 0],
      ['alien-image-list', 0],
      ['audit', 1],
    ] as const) {
      const outcome = await run(command);
      expect(outcome.status).toBe(status);
      expect(outcome.stderr).toMatch(/^provider west cannot be asked: /);
    }
    cloud = await startTestCloud();
  });

  test('a provider that is not configured is an error', async () => {
    const { status, stderr } = await run('alien-list', 'east');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^nodepool: error: Provider east does not exist in .* \(there are: west\)\n$/);
  });
});
