import { Cloud, type Call } from '../../../../src/drivers/fake/cloud';
import type { ServerView } from '../../../../src/drivers/fake/model';
import type { Change } from '../../../../src/drivers/fake/tables';
import { seededRandom } from '../../../../src/runtime/random';
import { FakeClock } from '../../../support/fake-clock';

const ACCOUNT = 'fake-east';

function cloudAtRest(options: object = {}) {
  const clock = new FakeClock();
  const cloud = new Cloud({ clock, random: seededRandom(1) });
  cloud.configure(ACCOUNT, options);
  const perform = (operation: Call['operation'], more: Partial<Call> = {}) =>
    cloud.perform({ account: ACCOUNT, operation, ...more });
  const create = (name: string, more: object = {}) =>
    perform('create-server', { body: { name, flavor: 'f1', image: 'fake-image-id', once: true, ...more } });
  const servers = () => perform('list-servers').body as unknown as ServerView[];
  return { clock, cloud, perform, create, servers };
}

test('what an account is first told decides what it begins with', () => {
  expect(cloudAtRest({ 'leaked-ports': 0 }).perform('list-ports').body).toEqual([]);
});

describe('an account without options', () => {
  test('is what drivers.md 6 says', () => {
    const { perform } = cloudAtRest();
    expect(perform('limits').body).toEqual({
      limits: {
        instances: 20,
        cores: 100,
        ram: 1_000_000,
        volumes: 100,
        'volume-gb': 1_000_000,
        'floating-ips': 0,
      },
      usage: { instances: 0, cores: 0, ram: 0, volumes: 0, 'volume-gb': 0 },
    });
    expect(perform('list-flavors').body).toEqual([
      { id: 'f1', name: 'Fake Flavor', ram: 8192, vcpus: 4 },
      { id: 'f2', name: 'Unreal Flavor', ram: 8192, vcpus: 4 },
    ]);
    expect(perform('list-zones').body).toEqual(['az1', 'az2']);
    expect(perform('list-images').body).toMatchObject([{ id: 'fake-image-id', name: 'Fake Precise' }]);
    expect((perform('list-networks').body as { name: string }[]).map((it) => it.name)).toEqual([
      'fake-public-network-name',
      'fake-private-network-name',
      'no-auto-ip-network-name',
      'fake-ipv6-network-name',
    ]);
    expect(perform('list-ports').body).toMatchObject([{ status: 'DOWN' }, { status: 'DOWN' }]);
  });

  test('a server is ACTIVE after 0.1 s, with addresses and host id `fake`', async () => {
    const { clock, create, perform } = cloudAtRest();
    const { id } = create('np1').body as unknown as ServerView;
    await clock.advance(99);
    expect(perform('show-server', { id }).body).toMatchObject({ status: 'BUILD', public_v4: '' });
    await clock.advance(1);
    expect(perform('show-server', { id }).body).toMatchObject({
      status: 'ACTIVE',
      public_v4: 'fake',
      private_v4: 'fake',
      public_v6: '',
      host_id: 'fake',
      zone: 'az1',
    });
  });

  test('a server on the IPv6 network has an IPv6 address', async () => {
    const { clock, create, perform } = cloudAtRest();
    const { id } = create('np1', { networks: ['fake-ipv6-network-name'] }).body as unknown as ServerView;
    await clock.advance(100);
    expect(perform('show-server', { id }).body).toMatchObject({ public_v6: 'fake_v6' });
  });

  test('the server over the limit is refused, and usage is that of the others', () => {
    const { create, perform } = cloudAtRest();
    for (let number = 0; number < 20; number += 1) expect(create(`np${number}`).status).toBe(201);
    expect(create('np20')).toMatchObject({ status: 403, body: { error: 'Quota exceeded for something' } });
    expect(perform('limits').body).toMatchObject({ usage: { instances: 20, cores: 80, ram: 20 * 8192 } });
  });

  test('an upload with SHOULD_FAIL fails', () => {
    const { perform } = cloudAtRest();
    const body = { name: 'deb', format: 'qcow2', metadata: { SHOULD_FAIL: 'true' } };
    expect(perform('create-image', { body })).toMatchObject({ status: 400 });
    expect(perform('list-images').body).toHaveLength(1);
  });
});

describe('strictness', () => {
  test.each([
    ['flavour', { flavor: 'huge' }, 'Invalid flavor huge'],
    ['zone', { zone: 'az3' }, 'The requested availability zone is not available: az3'],
    ['network', { networks: ['nowhere'] }, 'Unable to find network nowhere'],
    ['image', { image: 'no-image' }, 'Can not find requested image no-image'],
    ['key', { colour: 'red' }, 'body: Unrecognized key: "colour"'],
  ])('an unknown %s is a 400 that names it', (_what, more, error) => {
    const { create, servers } = cloudAtRest();
    expect(create('np1', more)).toMatchObject({ status: 400, body: { error } });
    expect(servers()).toEqual([]);
  });

  test('an image without its data cannot be booted', () => {
    const { create, perform } = cloudAtRest();
    const { id } = perform('create-image', { body: { name: 'deb', format: 'raw' } }).body as { id: string };
    expect(create('np1', { image: id })).toMatchObject({ status: 400, body: { error: `Image ${id} is not active` } });
  });

  test('an image whose data do not match stays without them', () => {
    const { perform } = cloudAtRest();
    const { id } = perform('create-image', { body: { name: 'deb', format: 'raw' } }).body as { id: string };
    const body = { size: 3, sha256: 'aa', md5: 'bb', expected_sha256: 'cc' };
    expect(perform('upload-image', { id, body })).toMatchObject({ status: 400 });
    expect(perform('show-image', { id }).body).toMatchObject({ status: 'queued', sha256: null });
    expect(perform('upload-image', { id, body: { ...body, expected_sha256: 'AA' } })).toMatchObject({ status: 200 });
    expect(perform('upload-image', { id, body })).toMatchObject({ status: 409 });
  });
});

describe('names as client tokens', () => {
  test('with `once` a name is one server, without it two', () => {
    const { create, servers } = cloudAtRest();
    expect(create('np1').status).toBe(201);
    expect(create('np1').status).toBe(200);
    expect(servers()).toHaveLength(1);
    expect(create('np1', { once: false }).status).toBe(201);
    expect(servers()).toHaveLength(2);
  });

  test('a name is free again once its server is gone', async () => {
    const { clock, create, perform } = cloudAtRest({ 'delete-time': 1 });
    const { id } = create('np1').body as unknown as ServerView;
    perform('delete-server', { id });
    expect(create('np1')).toMatchObject({ status: 200, body: { id, status: 'DELETING' } });
    await clock.advance(1000);
    expect(create('np1').status).toBe(201);
  });
});

describe('faults', () => {
  test('strike the calls they name, after some, so many times', () => {
    const { create } = cloudAtRest({
      faults: [{ operation: 'create-server', after: 1, times: 2, status: 503, message: 'no' }],
    });
    const statuses = ['a', 'b', 'c', 'd'].map((it) => create(it).status);
    expect(statuses).toEqual([201, 503, 503, 201]);
  });

  test('are counted on when the same options are given again, and anew with others', () => {
    const faults = [{ operation: 'create-server', times: 1, status: 503 }];
    const { cloud, create } = cloudAtRest({ faults });
    expect(create('a').status).toBe(503);
    cloud.configure(ACCOUNT, { faults });
    expect(create('a').status).toBe(201);
    cloud.configure(ACCOUNT, { faults, zones: ['az1'] });
    expect(create('b').status).toBe(503);
  });

  test('strike only what they match: by name, metadata, or the name behind an id', () => {
    const { create, perform } = cloudAtRest({
      faults: [
        { operation: 'create-server', match: 'broken', status: 500 },
        { operation: 'delete-server', match: 'np3', status: 500 },
      ],
    });
    expect(create('np1', { metadata: { label: 'broken' } }).status).toBe(500);
    expect(create('np2', { metadata: { label: 'fine' } }).status).toBe(201);
    const { id } = create('np3').body as unknown as ServerView;
    expect(perform('delete-server', { id }).status).toBe(500);
  });

  test('a lost reply is carried out, a lost request is not', () => {
    const { cloud, create, servers } = cloudAtRest();
    cloud.injectFault(ACCOUNT, { operation: 'create-server', effect: 'lost-request', times: 1 });
    expect(create('np1').delivery).toBe('drop');
    expect(servers()).toEqual([]);
    cloud.injectFault(ACCOUNT, { operation: 'create-server', effect: 'lost-reply', times: 1 });
    expect(create('np1').delivery).toBe('drop');
    expect(servers()).toHaveLength(1);
  });

  test('a boot error shows when the server would have been ACTIVE', async () => {
    const { clock, create, perform } = cloudAtRest({
      faults: [{ operation: 'create-server', effect: 'boot-error', message: 'No valid host' }],
    });
    const { id } = create('np1').body as unknown as ServerView;
    expect(perform('show-server', { id }).body).toMatchObject({ status: 'BUILD', fault: null });
    await clock.advance(100);
    expect(perform('show-server', { id }).body).toMatchObject({ status: 'ERROR', fault: 'No valid host' });
  });

  test('a hanging boot and a hanging deletion never end', async () => {
    const { clock, create, perform } = cloudAtRest({
      faults: [{ effect: 'boot-hang' }, { operation: 'delete-server', effect: 'delete-hang' }],
    });
    const { id } = create('np1').body as unknown as ServerView;
    await clock.advance(10 ** 9);
    expect(perform('show-server', { id }).body).toMatchObject({ status: 'BUILD' });
    perform('delete-server', { id });
    await clock.advance(10 ** 9);
    expect(perform('show-server', { id }).body).toMatchObject({ status: 'DELETING' });
    expect(perform('limits').body).toMatchObject({ usage: { instances: 1 } });
  });

  test('a throttled account says when to come back, and then answers', async () => {
    const { clock, perform } = cloudAtRest({ throttle: { rate: 2, burst: 1 } });
    expect(perform('limits').status).toBe(200);
    expect(perform('limits')).toMatchObject({ status: 429, retryAfterSeconds: 0.5 });
    await clock.advance(500);
    expect(perform('limits').status).toBe(200);
  });

  test('latency delays the answer, not the effect', () => {
    const { create, servers } = cloudAtRest({ latency: { 'create-server': 2 } });
    expect(create('np1').delayMs).toBe(2000);
    expect(servers()).toHaveLength(1);
  });
});

describe('what a deleted server leaves', () => {
  test('its floating IP, unless that is deleted first', () => {
    const { create, perform } = cloudAtRest({ limits: { 'floating-ips': 1 } });
    const { id } = create('np1').body as unknown as ServerView;
    expect(perform('create-floating-ip', { body: { server: id } }).status).toBe(201);
    perform('delete-server', { id });
    expect(perform('list-floating-ips').body).toMatchObject([{ server_id: null }]);
    const other = create('np2').body as unknown as ServerView;
    expect(perform('create-floating-ip', { body: { server: other.id } }).status).toBe(403);
  });

  test('a port, where a fault says so', () => {
    const { create, perform } = cloudAtRest({ faults: [{ operation: 'delete-server', effect: 'leak-port' }] });
    const { id } = create('np1').body as unknown as ServerView;
    perform('delete-server', { id });
    expect(perform('list-ports').body).toContainEqual(
      expect.objectContaining({ status: 'DOWN', device_owner: 'compute:nova', device_id: id }),
    );
  });
});

test('a clock that was set back while the cloud was down hides nothing', () => {
  const changes: Change[] = [];
  const before = new Cloud({
    clock: { wall: () => 5_000 },
    random: seededRandom(1),
    onChange: (it) => changes.push(it),
  });
  const body = { name: 'np1', flavor: 'f1', image: 'fake-image-id' };
  const { id } = before.perform({ account: ACCOUNT, operation: 'create-server', body }).body as unknown as ServerView;
  const after = new Cloud({ clock: { wall: () => 1_000 }, random: seededRandom(1) });
  for (const it of changes) after.restore(it);
  expect(after.peek({ account: ACCOUNT, operation: 'show-server', id })).toMatchObject({ status: 200, body: { id } });
});

test('every call is recorded with who made it and what came of it', () => {
  const { clock, cloud, create } = cloudAtRest();
  const followed: unknown[] = [];
  const stop = cloud.calls.follow((it) => followed.push(it));
  const { id } = create('np1').body as unknown as ServerView;
  cloud.perform({ account: ACCOUNT, operation: 'show-server', id: 'x', client: 'launcher-1' });
  expect(cloud.calls.latest(ACCOUNT)).toEqual([
    expect.objectContaining({ operation: 'create-server', subject: 'np1', status: 201, at: clock.wall(), made: id }),
    expect.objectContaining({ operation: 'show-server', subject: 'x', status: 404, client: 'launcher-1', made: '' }),
  ]);
  stop();
  expect(cloud.calls.counts()).toEqual({ 'fake-east create-server 201': 1, 'fake-east show-server 404': 1 });
  cloud.peek({ account: ACCOUNT, operation: 'show-server', id });
  expect(followed).toEqual(cloud.calls.latest());
});
