import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriverTools } from '../../src/drivers/driver';
import { type FakeCloudServer, startFakeCloud } from '../../src/drivers/fake/server';
import { systemClock } from '../../src/runtime/clock';
import { silentLogger } from '../../src/runtime/log';
import { seededRandom } from '../../src/runtime/random';

/** A simulated cloud of the test's own, in this process: faults and figures are at hand as `cloud`. */
export interface TestCloud extends FakeCloudServer {
  /** For `driver.connect`, and as environment of child processes. */
  readonly env: { readonly NODEPOOL_FAKE_CLOUD: string };
}

export async function startTestCloud(seed = 1): Promise<TestCloud> {
  const folder = await mkdtemp(join(tmpdir(), 'nodepool-test-cloud-'));
  const server = await startFakeCloud({
    clock: systemClock,
    random: seededRandom(seed),
    log: silentLogger,
    listen: join(folder, 'socket'),
  });
  return {
    cloud: server.cloud,
    endpoint: server.endpoint,
    idleSince: undefined,
    env: { NODEPOOL_FAKE_CLOUD: server.endpoint },
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Tools of a driver with the machine's clock. */
export function driverTools(env: DriverTools['env'] = {}): DriverTools {
  return { clock: systemClock, random: seededRandom(2), log: silentLogger, env };
}
