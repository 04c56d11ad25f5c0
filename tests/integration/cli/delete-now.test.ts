import { parseConfig } from '../../../src/config/parse';
import { drivers } from '../../../src/drivers/registry';
import { systemClock } from '../../../src/runtime/clock';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { driverTools, startTestCloud, type TestCloud } from '../../support/fake-cloud';
import { connectTo } from './load-tree';
import { nodepool, temporaryFolder } from './run-cli';

const never = new AbortController().signal;

describe('delete --now', () => {
  let server: PrivateServer;
  let zk: ZooKeeper;
  let cloud: TestCloud;
  const files = temporaryFolder();
  beforeEach(async () => {
    [server, cloud] = await Promise.all([startZooKeeper({ clock: systemClock, fsync: false }), startTestCloud()]);
    zk = await connectTo(server.hosts);
  });
  afterEach(async () => {
    await zk.close();
    await Promise.all([server.stop(), cloud.close()]);
  });
  afterAll(() => files.remove());

  test('takes the instance out of the cloud, then the node out of the tree', async () => {
    const [host, port] = server.hosts.split(':');
    const text = `zookeeper-servers: [{host: ${host}, port: ${port}}]
labels: [{name: small}]
providers:
  - name: fake-west
    cloud: fake
    cloud-images: [{name: precise, image-name: Fake Precise}]
    pools: [{name: main, labels: [{name: small, cloud-image: precise, flavor-name: Fake Flavor}]}]
`;
    const config = parseConfig({ file: 'nodepool.yaml', text }, undefined, {}, drivers).config!;
    const section = config.providers.get('fake-west')!;
    const pool = section.pools.get('main')!;
    const provider = drivers.get('fake')!.connect(section, driverTools(cloud.env));
    const { externalId } = await provider.launch(
      { name: 'np0000000000', label: pool.labels.get('small')!, pool, image: { cloudImage: 'precise' }, metadata: {} },
      never,
    );
    await zk.create('/nodepool', Buffer.alloc(0));
    await zk.create('/nodepool/nodes', Buffer.alloc(0));
    const record = { state: 'ready', state_time: 1, provider: 'fake-west', type: ['small'], external_id: externalId };
    await zk.create('/nodepool/nodes/0000000000', Buffer.from(JSON.stringify(record)));
    const args = ['-c', files.file('nodepool.yaml', text), 'delete', '--now', '0000000000'];
    const outcome = await nodepool(args, { env: cloud.env });
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    expect(outcome.stdout.split('\n')).toHaveLength(5); // a table without rows
    expect(await provider.list(never)).toEqual([]);
    expect(await zk.exists('/nodepool/nodes/0000000000')).toBeUndefined();
    await provider.close();
  });
});
