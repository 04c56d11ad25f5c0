import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Provider } from '../src/drivers/driver';
import { openProvider } from '../src/drivers/open-provider';
import { driverTools } from '../tests/support/fake-cloud';
import { poolConfig, poolLabelConfig, providerConfig } from '../tests/support/provider-config';
import { type Goal, median, printReport, rounded } from './report';

const ROUNDS = 5;
const LIVES = 600;
const OUTSTANDING = 20;
const IMAGE_MIB = 512;

/** The simulated cloud must not be what other benches measure. */
const GOALS: readonly Goal[] = [{ metric: 'calls_per_second', goal: '>=2000' }];
const NAME = 'fake-bench';
const never = new AbortController().signal;

/** A cloud without latency in a process of its own, used over its socket: lives of servers, and an upload. */
export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'nodepool-bench-'));
  const cloud = spawn(
    process.execPath,
    [join(__dirname, '../tests/support/child-fake-cloud.js'), '--state-dir', folder],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const [endpoint] = (await once(cloud.stdout, 'data')) as [Buffer];
    const provider = connect(endpoint.toString().trim());
    const rates: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const rate = await lives(provider, round);
      if (round > 0) rates.push(rate); // the first warms up
    }
    const mebibytes = await uploadRate(provider, join(folder, 'image'));
    await provider.close();
    const metrics = { calls_per_second: rounded(median(rates)), upload_mib_per_second: rounded(mebibytes) };
    printReport('fake-cloud', metrics, GOALS);
  } finally {
    await ended(cloud);
    await rm(folder, { recursive: true, force: true });
  }
}

function connect(endpoint: string): Provider {
  const fake = { 'boot-time': 0, limits: { instances: -1, cores: -1, ram: -1 } };
  return openProvider(
    providerConfig({ name: NAME, section: { fake } }),
    driverTools({ NODEPOOL_FAKE_CLOUD: endpoint }),
  );
}

/** Calls per second of servers that are launched, waited for and destroyed, some at a time. */
async function lives(provider: Provider, round: number): Promise<number> {
  const started = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: OUTSTANDING }, async () => {
      while (next < LIVES) await life(provider, `np${round}-${(next += 1)}`);
    }),
  );
  return (3 * LIVES) / ((performance.now() - started) / 1000);
}

async function life(provider: Provider, name: string): Promise<void> {
  const [label, pool] = [poolLabelConfig(), poolConfig({ provider: NAME })];
  const image = { cloudImage: 'Fake Precise' };
  const { externalId } = await provider.launch({ name, label, pool, image, metadata: {} }, never);
  await provider.settled(externalId, never);
  await provider.destroy(externalId, never);
}

async function uploadRate(provider: Provider, file: string): Promise<number> {
  await writeFile(file, '');
  await truncate(file, IMAGE_MIB * 2 ** 20);
  const started = performance.now();
  await provider.images!.upload(
    { name: 'deb', metadata: {}, file, format: 'raw', image: 'deb' },
    () => undefined,
    never,
  );
  return IMAGE_MIB / ((performance.now() - started) / 1000);
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
