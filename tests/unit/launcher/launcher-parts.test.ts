import type { Instance } from '../../../src/drivers/driver';
import { NotFoundError, RefusedError, TransientError } from '../../../src/drivers/errors';
import { keyCheck } from '../../../src/launcher/host-key-check';
import { chooseImage, newestReadyUpload } from '../../../src/launcher/image-choice';
import { InFlight } from '../../../src/launcher/in-flight';
import { attemptOf, instanceName } from '../../../src/launcher/launch-record';
import { LeakWorker } from '../../../src/launcher/leak-worker';
import { ProviderRuntime } from '../../../src/launcher/provider-runtime';
import type { LauncherTools } from '../../../src/launcher/tools';
import type { World } from '../../../src/launcher/world';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { ImagesView } from '../../../src/store/api';
import { FakeClock, settle } from '../../support/fake-clock';
import { nodeFact } from '../../support/node-facts';
import { poolLabelConfig, providerConfig } from '../../support/provider-config';

const never = new AbortController().signal;

test.each([
  ['switched off', { enabled: false }, { kind: 'known', keys: [] }],
  ['a made-up address', { address: 'fake' }, { kind: 'known', keys: ['ssh-rsa FAKEKEY'] }],
  ['a made-up address, not SSH', { address: 'fake_v6', connectionType: 'winrm' }, { kind: 'known', keys: [] }],
  ['SSH', {}, { kind: 'scan', target: { host: '10.0.0.1', port: 22, kind: 'ssh', timeoutMs: 1000 } }],
  ['a network device', { connectionType: 'network_cli' }, { target: { kind: 'ssh' } }],
  ['Windows', { connectionType: 'winrm', port: 5986 }, { target: { kind: 'tcp', port: 5986 } }],
  ['no address', { address: null }, { kind: 'known', keys: [] }],
  ['a port that is an object', { port: { pod: 'x' } }, { kind: 'known', keys: [] }],
])('host keys: %s', (_title, changes, expected) => {
  const question = { enabled: true, address: '10.0.0.1', port: 22, connectionType: 'ssh', timeoutMs: 1000 };
  expect(keyCheck({ ...question, ...changes })).toMatchObject(expected);
});

test('an instance is named for its node and attempt, and tells them', () => {
  expect([1, 2, 10].map((it) => instanceName('0000000042', it))).toEqual([
    'np0000000042',
    'np0000000042-2',
    'np0000000042-10',
  ]);
  expect(['np42', 'np42-2', 'np42-10', 'np42-x', 'other'].map((it) => attemptOf('42', it))).toEqual([1, 2, 10, 1, 1]);
});

describe('the image of a node', () => {
  const upload = (id: string, state: string, stateTime: number, externalId: string | null = `ext-${id}`) => {
    const key = { image: 'jammy', build: 'b', provider: 'fake-east', upload: id };
    return [id, { key, record: { state, stateTime, externalId } }] as const;
  };
  const view = (...uploads: ReturnType<typeof upload>[]) => {
    const providers = new Map([['fake-east', { uploads: new Map(uploads) }]]);
    return { images: new Map([['jammy', { builds: new Map([['b', { providers }]]) }]]) } as unknown as ImagesView;
  };

  test('is the READY upload that became so last, whatever its number', () => {
    const found = newestReadyUpload(
      view(
        upload('1', 'ready', 30),
        upload('2', 'ready', 20),
        upload('3', 'failed', 40),
        upload('4', 'ready', 50, null),
      ),
      'jammy',
      'fake-east',
    );
    expect(found?.key.upload).toBe('1');
  });

  test('is missing without one', () => {
    const label = poolLabelConfig({ diskImage: 'jammy', cloudImage: undefined });
    expect(chooseImage(label, providerConfig(), view(upload('1', 'uploading', 1)))).toBeUndefined();
  });

  test('tells how to connect as the configuration says', () => {
    const image = { name: 'jammy', pause: false, username: 'zuul', pythonPath: 'auto', shellType: null };
    const config = providerConfig({
      diskImages: new Map([
        ['jammy', { ...image, connectionType: 'ssh', connectionPort: 2222, metadata: {}, section: {} }],
      ]),
    });
    const label = poolLabelConfig({ diskImage: 'jammy', cloudImage: undefined });
    expect(chooseImage(label, config, view(upload('0000000001', 'ready', 1)))).toMatchObject({
      imageId: '/nodepool/images/jammy/builds/b/providers/fake-east/images/0000000001',
      image: { externalId: 'ext-0000000001', diskImage: 'jammy' },
      connectionPort: 2222,
      username: 'zuul',
    });
  });
});

describe('work in flight', () => {
  const clock = new FakeClock();
  const make = (atOnce = 2) =>
    new InFlight(
      { clock, random: seededRandom(1) },
      { name: 'work', atOnce, firstMs: 1000, maxMs: 8000 },
      () => undefined,
    );

  test('is not begun twice, and not beyond the limit', async () => {
    const work = make();
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const start = (key: string) =>
      work.start(
        key,
        () => {
          begun.push(key);
          return new Promise((resolve) => ends.push(() => resolve(true)));
        },
        () => undefined,
      );
    for (const key of ['a', 'a', 'b', 'c']) start(key);
    expect(begun).toEqual(['a', 'b']);
    ends.forEach((it) => it());
    await work.ended();
    start('c');
    expect(begun).toEqual(['a', 'b', 'c']);
    ends.at(-1)!();
    await work.ended();
  });

  test('rests after a failure, longer after the next, and no more after a success', async () => {
    const work = make();
    let tries = 0;
    const start = (fails: boolean) =>
      work.start(
        'a',
        () => {
          tries += 1;
          return fails ? Promise.reject(new Error('no')) : Promise.resolve(true);
        },
        () => undefined,
      );
    start(true);
    await settle();
    start(true);
    expect(tries).toBe(1);
    expect(work.nextInMs()).toBeGreaterThanOrEqual(500);
    await clock.advance(1000);
    start(true);
    await settle();
    expect(tries).toBe(2);
    expect(work.nextInMs()).toBeGreaterThanOrEqual(1000);
    await clock.advance(2000);
    start(false);
    await settle();
    expect(work.nextInMs()).toBe(Infinity);
  });
});

const unused = (): never => {
  throw new Error('not for this test');
};

function tools(provider: object, clock = new FakeClock()): LauncherTools {
  return {
    clock,
    random: seededRandom(1),
    log: silentLogger,
    env: {},
    store: undefined as never,
    openProvider: () => provider as ReturnType<LauncherTools['openProvider']>,
    scanHostKeys: unused,
    hostname: 'h',
    fqdn: 'h.example.org',
    version: '0',
  };
}

const instance = (node: string | undefined, provider = 'fake-east', installation?: string): Instance => ({
  externalId: `id-${node}-${provider}`,
  name: 'x',
  state: 'running',
  metadata: {
    nodepool_provider_name: provider,
    ...(node === undefined ? {} : { nodepool_node_id: node }),
    ...(installation === undefined ? {} : { nodepool_installation_id: installation }),
  },
  resources: { instances: 1, cores: 4 },
});

function runtimeOf(
  provider: object,
  installation?: string,
  nodeExists = (node: string): boolean => node === '1',
  clock = new FakeClock(),
) {
  return new ProviderRuntime(providerConfig(), tools(provider, clock), {
    nodeExists,
    installation: () => installation,
    learned: () => undefined,
    doubted: () => undefined,
    slotFree: () => undefined,
  });
}

const answers = {
  list: () => Promise.resolve([instance('1'), instance('2'), instance(undefined, 'somebody')]),
  quota: () => Promise.resolve({ limits: { instances: 10, cores: 20 } }),
  need: () => Promise.resolve({ instances: 1, cores: 4 }),
  zones: () => Promise.resolve(['az1']),
};

test('what is available is the limit less what others and leaked instances use', async () => {
  const runtime = runtimeOf(answers);
  await runtime.pass(never);
  expect(runtime.available).toEqual({ instances: 8, cores: 12 });
  expect(runtime.zones).toEqual(['az1']);
  expect(runtime.need('main', 'small')).toEqual({ instances: 1, cores: 4 });
});

test('a label that is refused is broken; a question without an answer is asked again, and the old answer stays', async () => {
  const provider = { ...answers, need: () => Promise.reject(new RefusedError('fake-east', 'no such flavour')) };
  const runtime = runtimeOf(provider);
  expect((await runtime.pass(never)).againInMs).toBeGreaterThan(60_000);
  expect(runtime.broken.size).toBe(1);
  provider.list = () => Promise.reject(new TransientError('fake-east'));
  runtime.forgetQuota();
  expect((await runtime.pass(never)).againInMs).toBeLessThanOrEqual(10_000);
  expect(runtime.available).toEqual({ instances: 8, cores: 12 });
});

test('a cloud is silent when a launch was not answered to, until it answers or a while has passed; failed questions say nothing', async () => {
  const provider = { ...answers, quota: () => Promise.reject(new TransientError('fake-east')) };
  const clock = new FakeClock();
  const runtime = runtimeOf(provider, undefined, () => true, clock);
  await runtime.pass(never);
  expect([runtime.isUnanswered, runtime.isSilent]).toEqual([true, false]);
  runtime.doubt();
  await runtime.pass(never);
  expect(runtime.isSilent).toBe(true);
  await clock.advance(60_000);
  expect(runtime.isSilent).toBe(false);
  runtime.doubt();
  provider.quota = answers.quota as never;
  await runtime.pass(never);
  expect([runtime.isUnanswered, runtime.isSilent]).toEqual([false, false]);
});

describe('leaked instances', () => {
  const world = (...ids: readonly string[]) =>
    ({
      fresh: true,
      nodes: { get: (id: string) => (ids.includes(id) ? nodeFact(id) : undefined), inState: () => new Map() },
    }) as unknown as World;

  async function reap(instances: readonly Instance[], installation: string | undefined, passes: number) {
    const destroyed: unknown[] = [];
    const provider = {
      ...answers,
      list: () => Promise.resolve(instances),
      destroy: (id: unknown) => {
        destroyed.push(id);
        return Promise.reject(new NotFoundError('fake-east', 'x'));
      },
    };
    const worker = new LeakWorker(tools(provider), world('1'), runtimeOf(provider, installation));
    for (let pass = 0; pass < passes; pass += 1) await worker.pass(never);
    return destroyed;
  }

  test('are deleted when they are seen the second time', async () => {
    const instances = [instance('1'), instance('2'), instance('3', 'fake-west'), instance(undefined)];
    expect(await reap(instances, undefined, 1)).toEqual([]);
    expect(await reap(instances, undefined, 2)).toEqual(['id-2-fake-east']);
  });

  test('of another installation are left alone', async () => {
    const theirs = [instance('2', 'fake-east', 'theirs'), instance('3')];
    expect(await reap(theirs, 'ours', 2)).toEqual([]);
    expect(await reap([instance('2', 'fake-east', 'ours')], 'ours', 2)).toEqual(['id-2-fake-east']);
    expect(await reap([instance('2', 'fake-east', 'theirs')], undefined, 2)).toEqual([]);
  });
});

test('max-concurrency lets launches in one after the other', async () => {
  const runtime = new ProviderRuntime(providerConfig({ maxConcurrency: 1 }), tools(answers), {
    nodeExists: () => false,
    installation: () => undefined,
    learned: () => undefined,
    doubted: () => undefined,
    slotFree: () => undefined,
  });
  const first = await runtime.launchSlot(never);
  expect(runtime.hasLaunchSlot).toBe(false);
  const gone = new AbortController();
  const waiting = runtime.launchSlot(gone.signal);
  const next = runtime.launchSlot(never);
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  first();
  first();
  (await next)();
  expect(runtime.hasLaunchSlot).toBe(true);
  expect(runtime.activeLaunches).toBe(0);
});
