import type { PoolConfig, PoolLabelConfig, ProviderConfig } from '../../../src/config/types';
import type { Instance, LaunchSpec, Provider } from '../../../src/drivers/driver';
import {
  LaunchFailedError,
  NoCapacityError,
  NotFoundError,
  RateLimitedError,
  RefusedError,
  TransientError,
} from '../../../src/drivers/errors';
import { HeldNode } from '../../../src/launcher/held-node';
import { type LaunchJob, launchNode } from '../../../src/launcher/launch-node';
import { LAUNCH_METRICS } from '../../../src/launcher/metrics-definitions';
import { ProviderRuntime } from '../../../src/launcher/provider-runtime';
import type { LauncherTools } from '../../../src/launcher/tools';
import type { Node } from '../../../src/model/records';
import { silentLogger } from '../../../src/runtime/log';
import { RecordedMetrics } from '../../../src/runtime/metrics/recorded';
import { seededRandom } from '../../../src/runtime/random';
import { ClaimLostError, type Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock } from '../../support/fake-clock';
import { node, request } from '../../support/node-facts';
import { poolConfig, poolLabelConfig, providerConfig } from '../../support/provider-config';
import { Said } from '../../support/said';

type Answer = Error | Partial<Instance> | 'hang';

/** A cloud that answers as told, in order; the last answer is repeated. */
class ScriptedProvider implements Provider {
  readonly name = 'fake-east';
  readonly launched: LaunchSpec[] = [];
  readonly destroyed: string[] = [];
  instances: Instance[] = [];
  console: string | Error | undefined;
  onSettled: () => Promise<void> = () => Promise.resolve();
  /** What comes of `destroy`; gone at once if undefined. */
  resists: Error | undefined;

  constructor(
    private readonly launches: Answer[],
    private readonly settles: Answer[],
  ) {}

  async launch(spec: LaunchSpec, signal: AbortSignal): Promise<Instance> {
    this.launched.push(spec);
    return this.#answer(this.launches, { externalId: `id-${spec.name}`, name: spec.name, state: 'starting' }, signal);
  }

  async settled(externalId: string, signal: AbortSignal): Promise<Instance> {
    await this.onSettled();
    const running = {
      externalId,
      name: 'x',
      state: 'running' as const,
      interfaceIp: '10.0.0.1',
      publicIpv4: '10.0.0.1',
    };
    return this.#answer(this.settles, running, signal);
  }

  destroy(externalId: string): Promise<void> {
    this.destroyed.push(externalId);
    return Promise.reject(this.resists ?? new NotFoundError(this.name, externalId));
  }

  consoleLog = () => {
    return this.console instanceof Error ? Promise.reject(this.console) : Promise.resolve(this.console ?? '');
  };
  list = () => Promise.resolve(this.instances);
  quota = () => Promise.resolve({ limits: {} });
  need = () => Promise.resolve({ instances: 1 });
  zones = () => Promise.resolve([]);
  close = () => Promise.resolve();

  #answer(script: Answer[], base: Partial<Instance>, signal: AbortSignal): Promise<Instance> {
    const next = script.length > 1 ? script.shift()! : (script[0] ?? {});
    if (next instanceof Error) return Promise.reject(next);
    if (next === 'hang') {
      return new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason as Error);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }
    return Promise.resolve({ metadata: {}, resources: { instances: 1, cores: 2 }, ...base, ...next } as Instance);
  }
}

interface Setting {
  readonly launches?: Answer[];
  readonly settles?: Answer[];
  readonly provider?: Partial<ProviderConfig>;
  readonly label?: Partial<PoolLabelConfig>;
  readonly pool?: Partial<PoolConfig>;
  readonly record?: Partial<Node>;
  readonly inherited?: boolean;
  readonly othersCould?: boolean;
  readonly zone?: string;
}

describe('launching a node', () => {
  const clock = new FakeClock();
  const random = seededRandom(5);
  let store: Store;
  let server: MemoryServer;
  let doubted = 0;

  beforeEach(async () => {
    server = new MemoryServer({ clock });
    const zk = server.connect();
    await zk.connected();
    store = openStore(zk, { clock, random, log: silentLogger });
    await store.images.view().ready();
    doubted = 0;
  });
  afterEach(async () => {
    await store.close();
    await store.zk.close();
  });

  async function begin(setting: Setting) {
    const cloud = new ScriptedProvider(setting.launches ?? [{}], setting.settles ?? [{}]);
    const metrics = new RecordedMetrics();
    const { log, messages: said } = new Said();
    const tools: LauncherTools = {
      metrics: { all: metrics, statsd: undefined, prometheus: undefined },
      clock,
      random,
      log,
      env: {},
      store,
      openProvider: () => cloud,
      scanHostKeys: () => it.scan(),
      hostname: 'nl01',
      fqdn: 'nl01.example.org',
      version: '0',
    };
    const config = providerConfig({ launchTimeout: 600, ...setting.provider });
    const runtime = new ProviderRuntime(config, tools, {
      nodeExists: () => true,
      installation: () => undefined,
      learned: () => undefined,
      doubted: () => {
        doubted += 1;
      },
      slotFree: () => undefined,
    });
    const record = node({ state: 'building', allocatedTo: '200-1', ...setting.record });
    const claim = await store.nodes.create(record, new AbortController().signal);
    const held = new HeldNode(claim, log);
    const job: LaunchJob = {
      runtime,
      pool: poolConfig(setting.pool),
      label: poolLabelConfig(setting.label),
      zone: setting.zone,
      requestId: '200-1',
      request: request({ tenantName: 'acme' }),
      images: store.images.view(),
      inherited: setting.inherited ?? false,
      othersCould: () => setting.othersCould ?? false,
    };
    const now = new AbortController();
    const start = () => launchNode(held, job, tools, now.signal);
    const stored = async () => (await store.nodes.get(held.id))!.record;
    const results = () => metrics.of(LAUNCH_METRICS.all).map((it) => it.labels['result']);
    const causes = () => metrics.of(LAUNCH_METRICS.setbacks).map((it) => it.labels['cause']);
    const version = async () => (await store.nodes.get(held.id))!.version;
    const it = {
      ...{ cloud, held, start, stored, version, now, metrics, results, causes, said },
      scan: () => Promise.resolve<readonly string[]>(['ssh-ed25519 KEY']),
    };
    return it;
  }

  test('stores the id at once, and everything else with `ready`', async () => {
    const it = await begin({
      zone: 'az1',
      settles: [{ hostId: 'h', region: 'r', cloud: 'c', privateIpv4: '192.168.0.1' }],
    });
    it.cloud.onSettled = async () => {
      expect(await it.stored()).toMatchObject({ state: 'building', externalId: `id-np${it.held.id}`, az: 'az1' });
    };
    expect(await it.start()).toBe('ready');
    expect(await it.stored()).toMatchObject({
      state: 'ready',
      allocatedTo: '200-1',
      interfaceIp: '10.0.0.1',
      privateIpv4: '192.168.0.1',
      hostId: 'h',
      region: 'r',
      cloud: 'c',
      az: 'az1',
      imageId: 'Fake Precise',
      hostKeys: ['ssh-ed25519 KEY'],
      resources: { instances: 1, cores: 2 },
    });
    expect(it.cloud.launched[0]).toMatchObject({
      name: `np${it.held.id}`,
      zone: 'az1',
      metadata: {
        nodepool_node_id: it.held.id,
        nodepool_pool_name: 'main',
        nodepool_provider_name: 'fake-east',
        nodepool_image_name: 'Fake Precise',
        nodepool_node_label: 'small',
      },
    });
  });

  test.each([
    ['is not scanned: its id is written with `ready`', false, null],
    ['is scanned: its id is written before that', true, 'at once'],
  ])('what runs as soon as it is asked for is not waited for; where it %s', async (_title, hostKeyChecking, stored) => {
    const running = { state: 'running' as const, externalId: 'at once', interfaceIp: '10.0.0.9' };
    const it = await begin({ launches: [running], label: { hostKeyChecking } });
    it.cloud.onSettled = () => Promise.reject(new Error('nothing to wait for'));
    const ids: unknown[] = [];
    it.scan = async () => {
      ids.push((await it.stored()).externalId);
      return [];
    };
    const version = await it.version();
    expect(await it.start()).toBe('ready');
    expect(await it.stored()).toMatchObject({ state: 'ready', externalId: 'at once', interfaceIp: '10.0.0.9' });
    expect((await it.version()) - version).toBe(hostKeyChecking ? 3 : 2); // the first is what image and label say
    expect(ids).toEqual(stored === null ? [] : [stored]);
  });

  test('prefers the inner address where the pool says so, and scans nothing where the label says so', async () => {
    const it = await begin({
      pool: { useInternalIp: true },
      label: { hostKeyChecking: false },
      settles: [{ privateIpv4: '192.168.0.1' }],
    });
    await it.start();
    expect(await it.stored()).toMatchObject({ interfaceIp: '192.168.0.1', hostKeys: [] });
  });

  test('fills templates in, and leaves out those that cannot be', async () => {
    const it = await begin({
      label: {
        instanceProperties: { plain: 'a' },
        dynamicInstanceProperties: { tenant: '{request.tenant_name}', bad: '{request.nothing}' },
      },
    });
    await it.start();
    const { metadata } = it.cloud.launched[0]!;
    expect(metadata).toMatchObject({ plain: 'a', tenant: 'acme' });
    expect(metadata).not.toHaveProperty('bad');
  });

  test.each([
    ['no answer', new TransientError('fake-east')],
    ['too many calls', new RateLimitedError('fake-east', 5000)],
  ])('%s is no attempt: the same name is asked for again', async (_title, error) => {
    const it = await begin({ launches: [error, {}], provider: { launchRetries: 1 } });
    const outcome = it.start();
    await clock.untilSleeping(2); // the limit of the launch, and the wait
    await clock.advance(5000);
    expect(await outcome).toBe('ready');
    expect(it.cloud.launched.map((spec) => spec.name)).toEqual([`np${it.held.id}`, `np${it.held.id}`]);
  });

  test.each([
    ['others could serve the request: it is given up after a minute', true, 'failed'],
    ['nobody else could: it is asked again and again', false, undefined],
  ])('a cloud that stays silent, and %s', async (_title, othersCould, ended) => {
    const it = await begin({ launches: [new TransientError('fake-east')], othersCould });
    const started = it.start();
    let outcome: string | undefined;
    const waits = started.then((its) => (outcome = its));
    for (let at = 0; at < 10 && outcome === undefined; at += 1) {
      await Promise.race([waits, clock.untilSleeping(2)]);
      await clock.advance(15_000);
    }
    expect(outcome).toBe(ended);
    expect(doubted > 0).toBe(othersCould);
    expect(new Set(it.cloud.launched.map((spec) => spec.name)).size).toBe(1);
    it.now.abort();
    await started;
  });

  test('a full cloud is no attempt: the node is aborted, and the limits are asked for anew', async () => {
    const it = await begin({ launches: [new NoCapacityError('fake-east', 'cores')] });
    expect(await it.start()).toBe('aborted');
    expect((await it.stored()).state).toBe('aborted');
    expect(it.cloud.launched).toHaveLength(1);
    expect(doubted).toBe(1);
  });

  test('what the cloud refuses is not repeated', async () => {
    const it = await begin({ launches: [new RefusedError('fake-east', 'no such flavour')] });
    expect(await it.start()).toBe('failed');
    expect((await it.stored()).state).toBe('failed');
    expect(it.cloud.launched).toHaveLength(1);
  });

  test('a failed attempt is cleaned up, and the next one has a name of its own', async () => {
    const failed = new LaunchFailedError('fake-east', 'no valid host');
    const it = await begin({ settles: [failed, failed, {}] });
    expect(await it.start()).toBe('ready');
    const name = `np${it.held.id}`;
    expect(it.cloud.launched.map((spec) => spec.name)).toEqual([name, `${name}-2`, `${name}-3`]);
    expect(it.cloud.destroyed).toEqual([`id-${name}`, `id-${name}-2`]);
    expect((await it.stored()).externalId).toBe(`id-${name}-3`);
  });

  test.each([
    [3, 3],
    [1, 1],
    [0, 1],
  ])('launch-retries: %d means %d attempts in all', async (launchRetries, attempts) => {
    const it = await begin({ settles: [new LaunchFailedError('fake-east', 'x')], provider: { launchRetries } });
    expect(await it.start()).toBe('failed');
    expect(it.cloud.launched).toHaveLength(attempts);
    expect((await it.stored()).state).toBe('failed');
  });

  test('an instance that never runs ends its attempt after launch-timeout', async () => {
    const it = await begin({ settles: ['hang', {}] });
    const outcome = it.start();
    await clock.untilSleeping(1);
    await clock.advance(599_999);
    expect(it.cloud.launched).toHaveLength(1);
    await clock.advance(1);
    expect(await outcome).toBe('ready');
    expect(it.cloud.launched).toHaveLength(2);
  });

  test('no image is a failed attempt', async () => {
    const it = await begin({ label: { diskImage: 'jammy', cloudImage: undefined } });
    expect(await it.start()).toBe('failed');
    expect(it.cloud.launched).toEqual([]);
  });

  test('every attempt is told of, with the time since the first one began', async () => {
    const failed = new LaunchFailedError('fake-east', 'boot failed');
    const it = await begin({ zone: 'az1', settles: [failed, failed, {}], provider: { launchRetries: 3 } });
    it.cloud.onSettled = () => clock.advance(10);
    expect(await it.start()).toBe('ready');
    expect(it.results()).toEqual(['error.status', 'error.status', 'ready']);
    const byZone = it.metrics.of(LAUNCH_METRICS.byZone);
    expect(byZone[0]!.labels).toEqual({ provider: 'fake-east', az: 'az1', result: 'error.status' });
    const times = byZone.map((told) => told.value);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[2]! - times[0]!).toBeGreaterThanOrEqual(20);
    expect(it.metrics.of(LAUNCH_METRICS.byRequestor)[0]!.labels).toMatchObject({ requestor: 'zuul' });
  });

  test.each([
    ['error.quota', [new NoCapacityError('fake-east', 'instances')]],
    ['error.unknown', [new RefusedError('fake-east', 'never')]],
  ])('%s', async (result, launches) => {
    const it = await begin({ launches });
    await it.start();
    expect(it.results()).toEqual([result]);
  });

  const boot = new LaunchFailedError('fake-east', 'x');
  test.each<[string, Setting, readonly string[]]>([
    ['quota', { launches: [new NoCapacityError('fake-east', 'instances')] }, ['quota']],
    ['capacity', { launches: [new NoCapacityError('fake-east', 'InsufficientInstanceCapacity')] }, ['capacity']],
    ['permanent', { launches: [new RefusedError('fake-east', 'never')] }, ['permanent']],
    ['instance', { settles: [boot, {}] }, ['instance']],
    ['gone', { settles: [new NotFoundError('fake-east', 'x'), {}] }, ['instance']],
    [
      'no image',
      { label: { diskImage: 'jammy', cloudImage: undefined }, provider: { launchRetries: 1 } },
      ['no-image'],
    ],
    ['none', {}, []],
  ])('the cause is told apart: %s', async (_title, setting, causes) => {
    const it = await begin(setting);
    await it.start();
    expect(it.causes()).toEqual(causes);
    const logged = it.said.flatMap(({ fields }) => ('cause' in fields ? [fields['cause']] : []));
    expect(logged).toEqual(causes);
  });

  test('time that ran out while the cloud did not answer is put down to that', async () => {
    const it = await begin({ launches: [new TransientError('fake-east')], provider: { launchRetries: 1 } });
    const outcome = it.start();
    await clock.untilSleeping(2);
    while (clock.sleeping > 1) await clock.advance(15_000);
    expect(await outcome).toBe('failed');
    expect(new Set(it.causes())).toEqual(new Set(['transient']));
    expect(it.results()).toEqual(['error.servercreatetimeout']);
  });

  test.each([
    ['is written line by line', 'boot\r\n\npanic\n', ['boot', 'panic']],
    ['that cannot be had holds nothing up', new TransientError('fake-east'), []],
  ])('the console of a failed launch %s', async (_title, text, lines) => {
    const it = await begin({ settles: [boot], label: { consoleLog: true }, provider: { launchRetries: 1 } });
    it.cloud.console = text;
    expect(await it.start()).toBe('failed');
    expect(it.said.filter(({ message }) => message === 'console').map(({ fields }) => fields['line'])).toEqual(lines);
  });

  test('an image that is missing is told as a mistake of ours', async () => {
    const it = await begin({ label: { diskImage: 'jammy', cloudImage: undefined }, provider: { launchRetries: 1 } });
    await it.start();
    expect(it.results()).toEqual(['error.nodepool']);
  });

  test('a launch that is given up because the launcher goes is not told of', async () => {
    const it = await begin({ settles: ['hang'] });
    it.cloud.onSettled = () => {
      it.now.abort(new Error('go'));
      return Promise.resolve();
    };
    await it.start();
    expect(it.results()).toEqual([]);
  });

  test('when the lock is lost nothing is written any more', async () => {
    const it = await begin({});
    it.cloud.onSettled = async () => {
      const [contender] = (await store.zk.children(`/nodepool/nodes/${it.held.id}/lock`)).children;
      await store.zk.delete(`/nodepool/nodes/${it.held.id}/lock/${contender}`);
    };
    expect(await it.start()).toBe('lost');
    expect((await it.stored()).state).toBe('building');
    expect(it.results()).toEqual(['error.zksession']);
  });

  test('when the launcher has to go nothing is written any more', async () => {
    const it = await begin({ settles: ['hang'] });
    it.cloud.onSettled = () => {
      it.now.abort(new Error('go'));
      return Promise.resolve();
    };
    expect(await it.start()).toBe('lost');
    expect((await it.stored()).state).toBe('building');
  });

  test('an inherited node with an id is waited for, not launched again', async () => {
    const it = await begin({ inherited: true, record: { externalId: 'old' } });
    expect(await it.start()).toBe('ready');
    expect(it.cloud.launched).toEqual([]);
    expect((await it.stored()).externalId).toBe('old');
  });

  test.each([
    ['and others could serve the request: fails after a minute', true, 5],
    ['and nobody else could: fails after launch-timeout', false, 41],
  ])('an inherited node whose cloud is silent, %s', async (_title, othersCould, most) => {
    const it = await begin({ inherited: true, othersCould });
    it.cloud.list = () => Promise.reject(new TransientError('fake-east'));
    let outcome: string | undefined;
    const ends = it.start().then((its) => (outcome = its));
    let quarters = 0;
    for (; quarters < 60 && outcome === undefined; quarters += 1) {
      await Promise.race([ends, clock.untilSleeping(2)]);
      await clock.advance(15_000);
    }
    expect(outcome).toBe('failed');
    expect(quarters).toBeGreaterThan(most - 3);
    expect(quarters).toBeLessThan(most + 3);
    expect(it.cloud.launched).toEqual([]);
  });

  test('an inherited node without an id takes over the instance of its name, and its attempt', async () => {
    const it = await begin({ inherited: true, settles: [new LaunchFailedError('fake-east', 'x'), {}] });
    const name = `np${it.held.id}-2`;
    const metadata = { nodepool_node_id: it.held.id, nodepool_provider_name: 'fake-east' };
    it.cloud.instances = [{ externalId: 'found', name, state: 'running', metadata, resources: {} }];
    expect(await it.start()).toBe('ready');
    expect(it.cloud.destroyed).toEqual(['found']);
    expect(it.cloud.launched.map((spec) => spec.name)).toEqual([`np${it.held.id}-3`]);
  });

  test('an inherited node whose instance is on its way out waits for its end, and makes the next attempt', async () => {
    const it = await begin({ inherited: true });
    const name = `np${it.held.id}`;
    const metadata = { nodepool_node_id: it.held.id, nodepool_provider_name: 'fake-east' };
    it.cloud.instances = [{ externalId: 'leaving', name, state: 'deleting', metadata, resources: {} }];
    expect(await it.start()).toBe('ready');
    expect(it.cloud.destroyed).toEqual(['leaving']);
    expect(it.cloud.launched.map((spec) => spec.name)).toEqual([`${name}-2`]);
  });

  test('while the instance of a failed attempt cannot be removed no other is made: the node would have two', async () => {
    const it = await begin({ settles: [new LaunchFailedError('fake-east', 'x'), {}] });
    it.cloud.resists = new RefusedError('fake-east', 'locked');
    expect(await it.start()).toBe('failed');
    expect(it.cloud.launched).toHaveLength(1);
    expect(await it.stored()).toMatchObject({ state: 'failed', externalId: `id-np${it.held.id}` });
  });

  test("a time limit that passes when the lock is gone destroys nothing: the instance is another launcher's", async () => {
    const it = await begin({ settles: ['hang'] });
    const outcome = it.start();
    await clock.untilSleeping(1);
    jest.spyOn(it.held, 'isHeld').mockReturnValue(false); // what follows from it has not been noticed yet
    await clock.advance(600_000);
    await clock.untilSleeping(1);
    it.now.abort(new Error('the lock is lost'));
    expect(await outcome).toBe('lost');
    expect(it.cloud.destroyed).toEqual([]);
    expect((await it.stored()).state).toBe('building');
  });

  test('a driver can ask at any moment whether the instance is still wanted', async () => {
    const it = await begin({});
    await it.start();
    const [spec] = it.cloud.launched;
    expect(() => spec!.confirm!()).not.toThrow();
    await it.held.release();
    expect(() => spec!.confirm!()).toThrow(ClaimLostError);
  });
});
