import { drivers } from '../../src/drivers/registry';
import { seededRandom } from '../../src/runtime/random';
import { driverTools, startTestCloud } from '../support/fake-cloud';
import { poolConfig, poolLabelConfig, providerConfig } from '../support/provider-config';
import { describeDriver, type DriverHarness } from './conformance';

const PROVIDER = 'fake-conformance';
const config = providerConfig({ name: PROVIDER });

async function open(): Promise<DriverHarness> {
  const server = await startTestCloud();
  const { cloud } = server;
  cloud.adjust(PROVIDER, { 'boot-time': 0.03, 'delete-time': 0.02, 'image-time': 0.02 });
  const spec = (name: string, section: Record<string, unknown>) => ({
    name,
    label: poolLabelConfig({ section }),
    pool: poolConfig({ provider: PROVIDER }),
    image: { cloudImage: 'Fake Precise' },
    metadata: { nodepool_node_id: '0000000001', nodepool_pool_name: 'main', nodepool_provider_name: PROVIDER },
  });
  return {
    connect: () => drivers.get('fake')!.connect(config, driverTools(server.env)),
    launchSpec: (name) => spec(name, { 'min-ram': 1024 }),
    impossibleSpec: (name) => spec(name, { 'flavor-name': 'No Such Flavor' }),
    capacity: 20,
    image: () => ({ data: Buffer.alloc(3 << 20, 'image'), format: 'qcow2' }),
    loseNextReply: (call) => {
      const operation = call === 'launch' ? 'create-server' : 'delete-server';
      cloud.injectFault(PROVIDER, { operation, effect: 'lost-reply', times: 1 });
      return Promise.resolve();
    },
    close: () => server.close(),
  };
}

describeDriver('fake', open, seededRandom(4));
