import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Provider } from '../../src/drivers/driver';
import { connectFake } from '../../src/drivers/fake/driver';
import { givenEndpoint } from '../../src/drivers/fake/endpoint';
import { startFakeCloud } from '../../src/drivers/fake/server';
import { openProvider } from '../../src/drivers/open-provider';
import type { ProviderConfig } from '../../src/config/types';
import { driverTools, startTestCloud, type TestCloud } from '../support/fake-cloud';
import { poolConfig, poolLabelConfig, providerConfig } from '../support/provider-config';

const never = new AbortController().signal;
const NAME = 'fake-east';

let server: TestCloud;
let providers: Provider[];

beforeEach(async () => {
  server = await startTestCloud();
  server.cloud.adjust(NAME, { 'boot-time': 0.01 });
  providers = [];
});
afterEach(async () => {
  await Promise.all(providers.map((it) => it.close()));
  await server.close();
});

function connect(changes: Partial<ProviderConfig> = {}, clock = driverTools().clock) {
  const config = providerConfig({ name: NAME, ...changes });
  const provider = connectFake(config, { ...driverTools(), clock }, givenEndpoint(server.endpoint));
  providers.push(provider);
  return provider;
}

const spec = (
  name: string,
  changes: { section?: Record<string, unknown>; metadata?: Record<string, string> } = {},
) => ({
  name,
  label: poolLabelConfig({ section: { 'min-ram': 1024, ...changes.section } }),
  pool: poolConfig(),
  image: { cloudImage: 'Fake Precise' },
  metadata: { nodepool_node_id: name, nodepool_pool_name: 'main', ...changes.metadata },
});

const fault = (it: object) => server.cloud.injectFault(NAME, it);

describe('a launch whose caller may not ask any more', () => {
  const config = () => providerConfig({ name: NAME, section: { cloud: 'fake' } });
  const open = (mayAct = () => true) => {
    const provider = openProvider(config(), { ...driverTools(), env: server.env, mayAct });
    providers.push(provider);
    return provider;
  };
  const calls = () => server.cloud.calls.latest(NAME).filter((it) => it.operation === 'create-server');
  const confirmTimes = (times: number) => () => {
    if (times-- <= 0) throw new Error('not mine');
  };

  test.each([
    ['before the call', 0, 0],
    ['while flavours and images are looked up', 1, 0],
    ['in the pause after a call without an answer', 2, 1],
  ])('%s', async (_title, confirmations, asked) => {
    fault({ operation: 'create-server', status: 503 });
    const confirm = confirmTimes(confirmations);
    await expect(open().launch({ ...spec('np1'), confirm }, never)).rejects.toThrow('not mine');
    expect(calls()).toHaveLength(asked);
  });

  test('no instance is asked for or destroyed while it is not certain that we are in charge; then it is', async () => {
    const answers = [false, false, true, false, true];
    const provider = open(() => answers.shift()!);
    const { externalId } = await provider.launch(spec('np1'), never);
    expect(calls()).toHaveLength(1);
    await provider.destroy(externalId, never);
    expect(answers).toEqual([]);
  });
});

describe('what the cloud says becomes an error that is decided on', () => {
  test.each([
    ['503', { status: 503 }, { code: 'transient' }],
    ['quota in the text', { status: 403, message: 'Quota exceeded for cores' }, { code: 'no-capacity' }],
    ['ports in the text', { status: 400, message: 'Maximum number of ports exceeded' }, { code: 'no-capacity' }],
    ['403', { status: 403, message: 'policy' }, { code: 'refused', reason: 'policy' }],
    ['429', { effect: 'throttle', 'retry-after': 7 }, { code: 'rate-limited', retryAfterMs: 7000 }],
    ['lost request', { effect: 'lost-request' }, { code: 'transient' }],
    ['lost reply', { effect: 'lost-reply' }, { code: 'transient' }],
  ])('%s on creation', async (_title, it, expected) => {
    const provider = connect();
    fault({ operation: 'create-server', ...it });
    await expect(provider.launch(spec('np1'), never)).rejects.toMatchObject({ provider: NAME, ...expected });
  });

  test.each([
    ['an ERROR that speaks of quota', 'Request exceeds the quota', { code: 'no-capacity' }],
    ['any other ERROR', 'No valid host was found', { code: 'launch-failed', reason: 'No valid host was found' }],
  ])('%s (drivers.md 2)', async (_title, message, expected) => {
    fault({ operation: 'create-server', effect: 'boot-error', message });
    const provider = connect();
    const { externalId } = await provider.launch(spec('np1'), never);
    await expect(provider.settled(externalId, never)).rejects.toMatchObject(expected);
    expect(await provider.list(never)).toMatchObject([{ state: 'failed', fault: message }]);
  });

  test('no answer within the time limit', async () => {
    fault({ operation: 'limits', effect: 'hang' });
    const provider = connect({ section: { fake: { 'request-timeout': 0.05, faults: [{ effect: 'hang' }] } } });
    await expect(provider.quota(never)).rejects.toMatchObject({ code: 'transient' });
  });

  test('a server in deletion does not settle', async () => {
    server.cloud.adjust(NAME, { 'boot-time': 3600, 'delete-time': 3600 });
    const provider = connect();
    const { externalId } = await provider.launch(spec('np1'), never);
    const waiting = provider.settled(externalId, never).catch((error: unknown) => error);
    await provider.destroy(externalId, never);
    expect(await waiting).toMatchObject({ code: 'not-found', externalId });
    expect(await provider.list(never)).toMatchObject([{ state: 'deleting' }]);
  });

  test('nobody listens', async () => {
    const config = providerConfig({ name: NAME });
    const provider = connectFake(config, driverTools(), givenEndpoint('unix:/nonexistent/socket'));
    providers.push(provider);
    await expect(provider.list(never)).rejects.toMatchObject({ code: 'transient' });
  });

  test('after closing', async () => {
    const provider = connect();
    await provider.close();
    await expect(provider.list(never)).rejects.toMatchObject({ code: 'transient' });
  });
});

describe('instances', () => {
  test('are reported as the Python fake does', async () => {
    const provider = connect({ section: { cloud: 'fake', 'region-name': 'east-1' } });
    const { externalId } = await provider.launch(spec('np1'), never);
    expect(await provider.settled(externalId, never)).toEqual({
      externalId,
      name: 'np1',
      state: 'running',
      metadata: { groups: 'fake-east,Fake Precise,small', nodepool_node_id: 'np1', nodepool_pool_name: 'main' },
      hostId: 'fake',
      publicIpv4: 'fake',
      privateIpv4: 'fake',
      publicIpv6: '',
      interfaceIp: 'fake',
      cloud: 'fake',
      region: 'east-1',
      zone: 'az1',
      resources: { instances: 1, cores: 4, ram: 8192 },
    });
  });

  test('the arguments of a creation are those of the label and its pool', async () => {
    const provider = connect();
    const section = { networks: ['fake-ipv6-network-name'], 'boot-from-volume': true, 'volume-size': 7 };
    const launched = await provider.launch({ ...spec('np1', { section }), zone: 'az2' }, never);
    expect(launched).toMatchObject({ zone: 'az2', resources: { volumes: 1, 'volume-gb': 7 } });
    expect(await provider.settled(launched.externalId, never)).toMatchObject({ publicIpv6: 'fake_v6' });
    expect(await provider.need(spec('x', { section }).label, never)).toEqual(launched.resources);
  });

  test.each([
    ['zone', { zone: 'az9' }],
    ['cloud image', { image: { cloudImage: 'No Such Image' } }],
    ['upload', { image: { externalId: 'no-such-id', diskImage: 'deb' } }],
    ['network', { pool: poolConfig({ section: { networks: ['nowhere'] } }) }],
  ])('an unknown %s is refused', async (_what, changes) => {
    await expect(connect().launch({ ...spec('np1'), ...changes }, never)).rejects.toMatchObject({ code: 'refused' });
  });

  test('flavours are asked for once, and again after a refusal', async () => {
    const provider = connect();
    await provider.launch(spec('np1'), never);
    await provider.launch(spec('np2'), never);
    await expect(provider.launch({ ...spec('np3'), zone: 'az9' }, never)).rejects.toThrow();
    await provider.launch(spec('np4'), never);
    expect(server.cloud.calls.counts()[`${NAME} list-flavors 200`]).toBe(2);
  });

  test('a list that lags misses a young server, and waiting for it does not', async () => {
    server.cloud.adjust(NAME, { 'list-lag': 60 });
    const provider = connect();
    const { externalId } = await provider.launch(spec('np1'), never);
    expect(await provider.list(never)).toEqual([]);
    expect(await provider.settled(externalId, never)).toMatchObject({ state: 'running' });
  });
});

describe('options of the file', () => {
  test('reach the cloud before the first call; without any it stays as it is', async () => {
    const fake = { limits: { instances: 1 }, zones: ['z'] };
    expect(await connect({ section: { fake } }).zones(never)).toEqual(['z']);
    expect((await connect().quota(never)).limits).toMatchObject({ instances: 1, cores: 100 });
  });

  test('unlimited resources are absent from the quota', async () => {
    const fake = { limits: { instances: -1, cores: -1 } };
    expect(Object.keys((await connect({ section: { fake } }).quota(never)).limits)).toEqual([
      'ram',
      'volumes',
      'volume-gb',
    ]);
  });

  test('providers with one account share it', async () => {
    const section = { fake: { account: 'both' } };
    const [one, other] = [connect({ section }), connect({ name: 'fake-west', section })];
    await one.launch(spec('np1'), never);
    expect(await other.list(never)).toHaveLength(1);
  });
});

describe('floating IPs and ports', () => {
  const section = { 'clean-floating-ips': true, 'port-cleanup-interval': 1, fake: { limits: { 'floating-ips': 2 } } };
  const addresses = () => server.cloud.peek({ account: NAME, operation: 'list-floating-ips' }).body;

  test('a server that needs an address gets one, which goes with it', async () => {
    const provider = connect({ section });
    const { externalId } = await provider.launch(spec('np1'), never);
    const running = await provider.settled(externalId, never);
    expect(running.publicIpv4).toMatch(/^fake-/);
    expect(running.interfaceIp).toBe(running.publicIpv4);
    await provider.destroy(externalId, never);
    expect(addresses()).toEqual([]);
  });

  test('a pool may do without', async () => {
    const pool = poolConfig({ section: { 'auto-floating-ip': false } });
    const provider = connect({ section, pools: new Map([['main', pool]]) });
    const { externalId } = await provider.launch(spec('np1'), never);
    expect(await provider.settled(externalId, never)).toMatchObject({ publicIpv4: '', interfaceIp: 'fake' });
  });

  test('addresses that nobody uses are cleaned, where that is wanted', async () => {
    const provider = connect({ section });
    const { externalId } = await provider.launch(spec('np1'), never);
    await provider.settled(externalId, never);
    server.cloud.perform({ account: NAME, operation: 'delete-server', id: String(externalId) });
    expect(await connect({ section: { fake: section.fake } }).cleanLeaks(never)).toMatchObject({ floatingips: 0 });
    expect(await provider.cleanLeaks(never)).toMatchObject({ floatingips: 1 });
    expect(addresses()).toEqual([]);
  });

  test('leaked ports go at the second check in a row, not before the interval has passed', async () => {
    let now = 0;
    const clock = { ...driverTools().clock, monotonic: () => now };
    const provider = connect({ section: { 'port-cleanup-interval': 600 } }, clock);
    expect(await provider.cleanLeaks(never)).toEqual({ ports: 0, floatingips: 0 });
    now = 599_999;
    expect(await provider.cleanLeaks(never)).toEqual({ ports: 0, floatingips: 0 });
    now = 600_000;
    expect(await provider.cleanLeaks(never)).toEqual({ ports: 2, floatingips: 0 });
    expect(server.cloud.peek({ account: NAME, operation: 'list-ports' }).body).toEqual([]);
  });
});

describe('images', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'nodepool-images-'))));
  afterEach(() => rm(folder, { recursive: true }));
  const upload = async (changes: object = {}) => {
    const file = join(folder, 'deb.qcow2');
    const data = Buffer.alloc(2 << 20, 'data');
    await writeFile(file, data);
    const metadata = { nodepool_build_id: 'b', nodepool_upload_id: '0000000001', nodepool_provider_name: NAME };
    const [sha256, md5] = ['sha256', 'md5'].map((it) => createHash(it).update(data).digest('hex'));
    return { name: 'deb-1', metadata, file, format: 'qcow2', sha256: sha256!, md5: md5!, image: 'deb', ...changes };
  };

  test('an upload can be booted', async () => {
    const provider = connect();
    const { externalId } = await provider.images.upload(await upload(), () => undefined, never);
    const image = { externalId, diskImage: 'deb' };
    expect((await provider.launch({ ...spec('np1'), image }, never)).state).toBe('starting');
  });

  test.each([
    ['data that change on their way', { operation: 'upload-image', effect: 'corrupt' }, 'refused'],
    ['a lost reply', { operation: 'upload-image', effect: 'lost-reply' }, 'transient'],
    ['an error', { operation: 'upload-image', status: 503 }, 'transient'],
    ['an image that never gets ready in the eyes of the client', { operation: 'show-image', status: 500 }, 'transient'],
  ])('%s leave nothing', async (_title, it, code) => {
    const provider = connect();
    fault({ ...it, times: 1 });
    await expect(provider.images.upload(await upload(), () => undefined, never)).rejects.toMatchObject({ code });
    expect(await provider.images.list(never)).toEqual([]);
  });

  test('an upload that does not end within image-upload-timeout leaves nothing', async () => {
    fault({ operation: 'upload-image', effect: 'hang' });
    const provider = connect({ section: { 'image-upload-timeout': 0.2 } });
    const uploading = provider.images.upload(await upload(), () => undefined, never);
    await expect(uploading).rejects.toMatchObject({ code: 'transient' });
    expect(await provider.images.list(never)).toEqual([]);
  });

  test('fails on demand (drivers.md 6)', async () => {
    const spec = await upload();
    const doomed = { ...spec, metadata: { ...spec.metadata, SHOULD_FAIL: 'true' } };
    await expect(connect().images.upload(doomed, () => undefined, never)).rejects.toMatchObject({ code: 'refused' });
  });

  test('only images of this provider are listed', async () => {
    const section = { fake: { account: 'both' } };
    const [one, other] = [connect({ section }), connect({ name: 'fake-west', section })];
    await one.images.upload(await upload(), () => undefined, never);
    expect(await one.images.list(never)).toHaveLength(1);
    expect(await other.images.list(never)).toEqual([]);
  });

  test.each([
    ['with an id', { 'image-id': 'whatever' }, true],
    ['found by image-name', { 'image-name': 'Fake Precise' }, true],
    ['found by its own name', {}, true],
    ['not found', { 'image-name': 'Fake Lucid' }, false],
  ])('a cloud image %s (drivers.md 5.5)', async (_title, section, ready) => {
    const entry = { name: 'Fake Precise', section } as never;
    const provider = connect({ cloudImages: new Map([['Fake Precise', entry]]) });
    expect(await provider.images.cloudImageReady('Fake Precise', never)).toBe(ready);
  });
});

test('openProvider rides out what fails for the moment', async () => {
  fault({ operation: 'create-server', effect: 'lost-reply', times: 2 });
  const outcomes: string[] = [];
  const tools = driverTools(server.env);
  const provider = openProvider(providerConfig({ name: NAME }), tools, { onCall: (it) => outcomes.push(it.outcome) });
  providers.push(provider);
  const { externalId } = await provider.launch(spec('np1'), never);
  expect((await provider.list(never)).map((it) => it.externalId)).toEqual([externalId]);
  expect(outcomes).toEqual(['transient', 'transient', 'ok', 'ok']);
});

test('the other door shows figures, calls and options, and changes them', async () => {
  const { port, close } = await onAPort();
  try {
    const ask = async (path: string, init: RequestInit = {}) => {
      const headers = { connection: 'close' };
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...init });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const patched = await ask('/admin/acme/options', { method: 'PATCH', body: '{"zones": ["z"]}' });
    expect(patched.body).toMatchObject({ zones: ['z'], 'boot-time': 0.1 });
    expect((await ask('/admin/acme/options', { method: 'PUT', body: '{"colour": 1}' })).status).toBe(400);
    await ask('/admin/acme/faults', { method: 'POST', body: '{"operation": "list-zones", "status": 418}' });
    expect((await ask('/v1/acme/zones')).status).toBe(418);
    expect((await ask('/admin')).body).toMatchObject({ calls: { 'acme list-zones 418': 1 } });
    expect((await ask('/admin/calls')).body).toMatchObject([{ operation: 'list-zones', account: 'acme' }]);
    expect((await ask('/nowhere')).status).toBe(404);
    expect((await ask('/v1/acme/servers', { method: 'POST', body: '{' })).status).toBe(400);
  } finally {
    await close();
  }
});

async function onAPort() {
  const { clock, random, log } = driverTools();
  const other = await startFakeCloud({ clock, random, log, listen: 0 });
  return { port: new URL(other.endpoint).port, close: () => other.close() };
}
