import { createHash } from 'node:crypto';
import { connectFake } from '../../src/drivers/fake/driver';
import { StateDirEndpoint } from '../../src/drivers/fake/state-dir-endpoint';
import { systemClock } from '../../src/runtime/clock';
import { driverTools } from './fake-cloud';
import { poolConfig, poolLabelConfig, providerConfig } from './provider-config';

/**
 * A process that uses a simulated cloud, for tests: `<state folder> <program…as JSON> <what> <argument>`. Prints one line
 * of JSON for each thing that happened.
 */
const [dir, program, what, argument] = process.argv.slice(2) as [string, string, string, string];
const PROVIDER = 'fake-shared';
const never = new AbortController().signal;
const endpoint = new StateDirEndpoint({ dir, clock: systemClock, program: JSON.parse(program) as [string] });
const provider = connectFake(providerConfig({ name: PROVIDER }), driverTools(), endpoint);
const say = (it: object) => process.stdout.write(`${JSON.stringify(it)}\n`);

const deeds: Record<string, () => Promise<void>> = {
  async launch() {
    const spec = {
      name: argument,
      label: poolLabelConfig(),
      pool: poolConfig({ provider: PROVIDER }),
      image: { externalId: 'fake-image-id', diskImage: 'deb' },
      metadata: { nodepool_node_id: argument },
    };
    say({ externalId: (await provider.launch(spec, never)).externalId });
  },
  async upload() {
    const metadata = { nodepool_build_id: 'b', nodepool_upload_id: '1', nodepool_provider_name: PROVIDER };
    const sha256 = argument.endsWith('.zeros') ? zeros(256) : undefined;
    const spec = { name: 'deb', metadata, file: argument, format: 'raw', image: 'deb', ...(sha256 && { sha256 }) };
    let told = 0;
    const progress = (done: number) => (told += 1) === 2 && say({ done });
    const { externalId } = await provider.images.upload(spec, progress, never);
    say({ externalId, maxRssMb: process.resourceUsage().maxRSS / 1024 });
  },
};

/** Checksum of so many MiB of nothing. */
function zeros(mebibytes: number): string {
  const hash = createHash('sha256');
  const block = Buffer.alloc(1 << 20);
  for (let done = 0; done < mebibytes; done += 1) hash.update(block);
  return hash.digest('hex');
}

void deeds[what]!().then(() => provider.close());
