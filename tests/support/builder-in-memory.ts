import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBuilder } from '../../src/builder/builder';
import type { BuilderEvent } from '../../src/builder/events';
import type { ConfigSource } from '../../src/builder/settings';
import type { Config, DiskImageConfig, ProviderConfig, ProviderDiskImageConfig } from '../../src/config/types';
import type { Driver } from '../../src/drivers/driver';
import { silentLogger } from '../../src/runtime/log';
import { seededRandom } from '../../src/runtime/random';
import type { Store } from '../../src/store/api';
import { openStore } from '../../src/store/store';
import type { ZooKeeper } from '../../src/zk/client';
import { MemoryServer } from '../../src/zk/memory';
import { z } from 'zod';
import { FakeClock } from './fake-clock';
import { diskImage } from './image-world';
import { MemoryImages } from './memory-images';
import { providerConfig } from './provider-config';

const TOOL = join(__dirname, '..', '..', 'host-tools', 'fake-image-create');

/** A builder in this process: a clock that stands still, ZooKeeper and clouds in memory, the image tool a real process. */
export class BuilderInMemory {
  /** A little after the trees were recorded. */
  readonly clock = new FakeClock(1_795_300_000_000);
  readonly server = new MemoryServer({ clock: this.clock });
  readonly zk: ZooKeeper = counted(this.server.connect(), () => (this.requests += 1));
  readonly store: Store = openStore(this.zk, { clock: this.clock, random: seededRandom(1), log: silentLogger });
  readonly events: BuilderEvent[] = [];
  readonly clouds = new Map<string, MemoryImages>();
  /** Requests to ZooKeeper that the builder made. */
  requests = 0;
  readonly #heard = new EventEmitter();
  readonly #changed = new EventEmitter();
  readonly #drain = new AbortController();
  readonly #now = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(
    readonly folder: string,
    private config: Config,
  ) {}

  static async start(
    images: readonly Partial<DiskImageConfig>[],
    providers: readonly Partial<ProviderConfig>[],
    prepare: (builder: BuilderInMemory) => Promise<void> = () => Promise.resolve(),
  ): Promise<BuilderInMemory> {
    const folder = await mkdtemp(join(tmpdir(), 'nodepool-builder-'));
    const builder = new BuilderInMemory(folder, config(folder, images, providers));
    await mkdir(builder.imagesDir);
    await prepare(builder);
    builder.#run();
    return builder;
  }

  get imagesDir(): string {
    return join(this.folder, 'images');
  }

  /** Another configuration is in force. */
  configure(images: readonly Partial<DiskImageConfig>[], providers: readonly Partial<ProviderConfig>[]): void {
    this.config = config(this.folder, images, providers);
    this.#changed.emit('change');
  }

  cloud(name: string): MemoryImages {
    const found = this.clouds.get(name) ?? new MemoryImages(name);
    this.clouds.set(name, found);
    return found;
  }

  /** Waits for an event; those of the past count from number `from` on. */
  async heard<K extends BuilderEvent['kind']>(
    kind: K,
    from = 0,
    accept: (event: Extract<BuilderEvent, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<BuilderEvent, { kind: K }>> {
    for (;;) {
      const found = this.events
        .slice(from)
        .find((it): it is Extract<BuilderEvent, { kind: K }> => it.kind === kind && accept(it as never));
      if (found !== undefined) return found;
      await once(this.#heard, 'event');
    }
  }

  async stop(): Promise<void> {
    this.#drain.abort(new Error('the test is over'));
    await this.#running;
    await this.store.close();
    await this.zk.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  #run(): void {
    const source: ConfigSource = { current: this.config, onChange: (listener) => this.#listen(listener) };
    Object.defineProperty(source, 'current', { get: () => this.config });
    const { clock, store } = this;
    const env = { PATH: process.env['PATH'] };
    const tools = { clock, random: seededRandom(2), log: silentLogger, env };
    const openProvider = (it: ProviderConfig) => this.cloud(it.name).asProvider();
    const onEvent = (event: BuilderEvent) => {
      this.events.push(event);
      this.#heard.emit('event');
    };
    const options = { buildWorkers: 1, uploadWorkers: 4, packageDir: '/nowhere', version: null };
    const stop = { drain: this.#drain.signal, now: this.#now.signal };
    const drivers = new Map([['fake', DRIVER]]);
    this.#running = runBuilder({ store, source, drivers, openProvider, tools, onEvent }, options, stop);
  }

  #listen(listener: () => void): () => void {
    this.#changed.on('change', listener);
    return () => this.#changed.off('change', listener);
  }
}

const DRIVER: Driver = {
  name: 'fake',
  schema: z.unknown(),
  managesImages: true,
  imageFormat: () => 'qcow2',
  connect: () => new MemoryImages('never').asProvider(),
};

/** One provider of the builder's configuration, which lists these images. */
export function imageProvider(
  name: string,
  images: readonly string[],
  more: Partial<ProviderConfig> = {},
): Partial<ProviderConfig> {
  const diskImages = new Map(images.map((it): [string, ProviderDiskImageConfig] => [it, providerImage(it)]));
  return { name, diskImages, ...more };
}

function providerImage(name: string): ProviderDiskImageConfig {
  const connection = { connectionType: 'ssh', connectionPort: 22 };
  const about = { username: 'zuul', pythonPath: 'auto', shellType: null };
  return { name, pause: false, ...about, ...connection, metadata: { colour: 'blue' }, section: {} };
}

function config(
  folder: string,
  images: readonly Partial<DiskImageConfig>[],
  providers: readonly Partial<ProviderConfig>[],
): Config {
  const all = images.map((it) => diskImage({ dibCmd: TOOL, ...it }));
  const known = providers.map((it) => providerConfig({ pools: new Map(), ...it }));
  return {
    zookeeper: { hosts: 'memory', tls: undefined, timeout: 10 },
    webapp: { port: 0, listenAddress: '127.0.0.1' },
    elementsDir: undefined,
    imagesDir: join(folder, 'images'),
    buildLogDir: join(folder, 'logs'),
    buildLogRetention: 7,
    maxHoldAge: Infinity,
    diskImages: new Map(all.map((it) => [it.name, it])),
    labels: new Map(),
    providers: new Map(known.map((it) => [it.name, it])),
    tenantLimits: new Map(),
  };
}

/** The client, telling of every request. */
function counted(zk: ZooKeeper, onRequest: () => void): ZooKeeper {
  const requests = new Set([
    'create',
    'get',
    'exists',
    'children',
    'set',
    'delete',
    'transaction',
    'multiRead',
    'sync',
    'addWatch',
  ]);
  return new Proxy(zk, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (requests.has(String(name)))
        return (...args: unknown[]) => (onRequest(), (value as (...all: unknown[]) => unknown).apply(target, args));
      return value.bind(target) as unknown;
    },
  });
}
