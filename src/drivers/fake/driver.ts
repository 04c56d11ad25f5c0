import type { ProviderConfig } from '../../config/types';
import type { Driver, DriverTools } from '../driver';
import { RefusedError } from '../errors';
import { CloudClient } from './client';
import { imageFormatOfCloud } from './clouds-yaml';
import { type Endpoint, givenEndpoint } from './endpoint';
import { accountOptions } from './options';
import { FakeProvider } from './provider';
import { fakeOptions, type FakeOptions, fakeSchema } from './schema';
import { defaultStateDir, StateDirEndpoint } from './state-dir-endpoint';
import { Sweeper } from './sweeper';

/** The simulated cloud as a provider (drivers.md 6). */
export const fakeDriver: Driver = {
  name: 'fake',
  schema: fakeSchema,
  managesImages: true,
  imageFormat: (config, tools) =>
    ownOptions(config)['image-format'] ?? imageFormatOfCloud(config, tools.env) ?? 'qcow2',
  connect: (config, tools) => connectFake(config, tools, endpointOf(ownOptions(config), tools)),
};

/** `connect` with the cloud at hand: for tests and for those who start one themselves. */
export function connectFake(config: ProviderConfig, tools: DriverTools, endpoint: Endpoint): FakeProvider {
  const own = ownOptions(config);
  const { clock } = tools;
  const client = new CloudClient({
    provider: config.name,
    account: own.account ?? config.name,
    endpoint,
    timeoutMs: own['request-timeout'] * 1000,
    name: `${config.name} ${process.pid}`,
  });
  const intervalSeconds = config.section['port-cleanup-interval'];
  const sweeper = new Sweeper({
    client,
    clock,
    portIntervalMs: 1000 * (typeof intervalSeconds === 'number' ? intervalSeconds : 600),
    cleanFloatingIps: config.section['clean-floating-ips'] === true,
  });
  return new FakeProvider(config, { client, sweeper, clock, prepare: (signal) => pushOptions(client, config, signal) });
}

/** `$NODEPOOL_FAKE_CLOUD`, `$NODEPOOL_FAKE_CLOUD_DIR`: the same choices for all providers whose file says nothing. */
function endpointOf(own: FakeOptions, { env, clock }: DriverTools): Endpoint {
  const given = own.endpoint ?? env['NODEPOOL_FAKE_CLOUD'];
  if (given !== undefined && given !== '') return givenEndpoint(given);
  const dir = own['state-dir'] ?? env['NODEPOOL_FAKE_CLOUD_DIR'];
  return new StateDirEndpoint({ dir: dir || defaultStateDir(), clock });
}

/** Tells the cloud how to behave, if the file does; else it stays as it is. */
async function pushOptions(client: CloudClient, config: ProviderConfig, signal: AbortSignal): Promise<void> {
  if (config.section['fake'] === undefined) return;
  const own: Record<string, unknown> = { ...ownOptions(config) };
  const behaviour = Object.keys(accountOptions.shape).filter((it) => own[it] !== undefined);
  await client.configure(Object.fromEntries(behaviour.map((it) => [it, own[it]])), signal);
}

function ownOptions(config: ProviderConfig): FakeOptions {
  const result = fakeOptions.safeParse(config.section['fake'] ?? {});
  if (result.success) return result.data;
  const [first] = result.error.issues;
  throw new RefusedError(config.name, `fake.${first?.path.join('.')}: ${first?.message}`);
}
