import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, on, once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BuildKey } from '../../src/model/paths';
import { systemClock } from '../../src/runtime/clock';
import { silentLogger } from '../../src/runtime/log';
import { systemRandom } from '../../src/runtime/random';
import type { ImageEntry, Store } from '../../src/store/api';
import { openStore } from '../../src/store/store';
import { openZooKeeper } from '../../src/store/open-zookeeper';
import type { ZooKeeper } from '../../src/zk/client';
import type { PrivateServer } from '../../src/zk/server/private-server';
import { farmPicture } from './farm-picture';
import type { KillPoint } from './kill-point';
import { startTestCloud, type TestCloud } from './fake-cloud';
import { PendingWaits } from './pending-waits';

const ROOT = join(__dirname, '..', '..');
export const FAKE_TOOL = join(ROOT, 'host-tools', 'fake-image-create');

const KILL_VARIABLE = 'NODEPOOL_TEST_KILL';

/** Session timeout of the builders under test, seconds: short, because tests wait for sessions to end. */
export const SESSION_SECONDS = 2;

/** What a test's `nodepool.yaml` says besides servers and folders. Sections are YAML of one level less. */
export interface FarmConfig {
  /** Lines below `diskimages:`. Default: `deb`, made by the fake tool. */
  readonly diskImages?: readonly string[];
  /** Lines below `providers:`. Default: one fake provider `east` with `deb`. */
  readonly providers?: readonly string[];
  readonly elementsDir?: string;
  /** Session timeout. Default: `SESSION_SECONDS`; more where no test waits for its end, and losing one spoils what is counted. */
  readonly sessionSeconds?: number;
  /** Where it finds ZooKeeper, if not where the others do. */
  readonly hosts?: string;
  /** Names. Default: none. */
  readonly labels?: readonly string[];
  /** Further lines of the top level. */
  readonly more?: readonly string[];
}

export const DEB = ['- name: deb', '  formats: [qcow2]', `  dib-cmd: ${FAKE_TOOL}`, '  elements: [one, two]'];
export const fakeProvider = (name: string, images: readonly string[] = ['deb'], more: readonly string[] = []) => [
  `- name: ${name}`,
  '  driver: fake',
  '  cloud: fake',
  '  diskimages:',
  ...images.map((it) => `    - name: ${it}`),
  ...more.map((it) => `  ${it}`),
];

/** A test's own corner: a chroot of the shared server, a simulated cloud, a folder, and builders as child processes. */
export class BuilderFarm {
  readonly builders: BuilderChild[] = [];
  readonly #calls = new EventEmitter();
  readonly #waits = new PendingWaits();
  /** Added to the environment of builders started from now on. */
  readonly env: Record<string, string> = {};
  /** What they are started as: from the source, or `bin/nodepool-builder` where that was compiled. */
  program: readonly string[] = [join(__dirname, 'child-program.js'), 'builder'];

  private constructor(
    readonly folder: string,
    readonly hosts: string,
    readonly chroot: string,
    readonly cloud: TestCloud,
    readonly zk: ZooKeeper,
    readonly store: Store,
  ) {}

  static async open(server: PrivateServer): Promise<BuilderFarm> {
    const folder = await mkdtemp(join(tmpdir(), 'nodepool-farm-'));
    const chroot = `/t${systemRandom.hex(6)}`;
    const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
    const zk = await openZooKeeper({ hosts: `${server.hosts}${chroot}` }, tools);
    const store = openStore(zk, tools);
    const farm = new BuilderFarm(folder, server.hosts, chroot, await startTestCloud(), zk, store);
    farm.#hearCalls();
    await zk.connected();
    await store.images.view().ready();
    return farm;
  }

  /** Kills what still runs and removes everything. Tells first what there is to see if the test still waits: it ran out of time. */
  async close(): Promise<void> {
    const waits = this.#waits.names();
    if (waits.length > 0) process.stderr.write(await farmPicture(this, waits));
    await Promise.all(this.builders.map((it) => it.kill()));
    await this.store.close();
    await this.zk.close();
    await this.cloud.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  imagesDir(builder: string): string {
    return join(this.folder, builder, 'images');
  }

  logDir(builder: string): string {
    return join(this.folder, builder, 'logs');
  }

  async files(builder: string): Promise<readonly string[]> {
    const names = await readdir(this.imagesDir(builder)).catch(() => []);
    return names.filter((it) => it.startsWith('deb') || it.startsWith('tiny')).sort();
  }

  /** (Re)writes the configuration of one builder. */
  async configure(builder: string, config: FarmConfig = {}): Promise<string> {
    for (const it of [this.imagesDir(builder), this.logDir(builder)]) await mkdir(it, { recursive: true });
    const servers = (config.hosts ?? this.hosts).split(',').flatMap((it) => {
      const [host, port] = it.split(':');
      return [`- host: ${host}`, `  port: ${port}`];
    });
    const indent = (lines: readonly string[]) => lines.map((it) => `  ${it}`);
    const text = [
      'zookeeper-servers:',
      ...indent([...servers, `  chroot: ${this.chroot}`]), // of the last one alone (zk-tree 1)
      `zookeeper-timeout: ${config.sessionSeconds ?? SESSION_SECONDS}`,
      `images-dir: ${this.imagesDir(builder)}`,
      `build-log-dir: ${this.logDir(builder)}`,
      ...(config.elementsDir === undefined ? [] : [`elements-dir: ${config.elementsDir}`]),
      ...(config.more ?? []),
      `labels: [${(config.labels ?? []).map((it) => `{name: ${it}}`).join(', ')}]`,
      'diskimages:',
      ...indent(config.diskImages ?? DEB),
      'providers:',
      ...indent(config.providers ?? fakeProvider('east')),
      '',
    ].join('\n');
    const file = join(this.folder, builder, 'nodepool.yaml');
    await writeFile(file, text);
    return file;
  }

  /** Starts a builder that will die, as by `kill -9`, when it comes to that point. */
  async dieAt(builder: string, point: KillPoint, config?: FarmConfig, args?: readonly string[]): Promise<BuilderChild> {
    this.env[KILL_VARIABLE] = JSON.stringify(point);
    const child = await this.start(builder, config, args);
    delete this.env[KILL_VARIABLE];
    return child;
  }

  /** Starts a builder process. Without `config` the file is taken as it lies. */
  async start(builder = 'one', config?: FarmConfig, args: readonly string[] = []): Promise<BuilderChild> {
    const file =
      config === undefined && this.builders.some((it) => it.name === builder)
        ? join(this.folder, builder, 'nodepool.yaml')
        : await this.configure(builder, config);
    const env = { ...process.env, ...this.cloud.env, ...this.env };
    const child = new BuilderChild(builder, [...this.program, '-f', '-c', file, ...args], env, this.#waits);
    this.builders.push(child);
    return child;
  }

  /** Waits until the tree shows what is wanted, and returns it. */
  async until<T>(wanted: (images: ReadonlyMap<string, ImageEntry>) => T | undefined | false): Promise<T> {
    const view = this.store.images.view();
    const changed = new EventEmitter();
    const stop = view.onChange(() => changed.emit('change'));
    const changes = on(changed, 'change');
    try {
      return await this.#waits.during(`the tree: ${wanted}`, async () => {
        for (;;) {
          const found = wanted(view.images);
          if (found !== undefined && found !== false) return found;
          await changes.next();
        }
      });
    } finally {
      stop();
      await changes.return?.();
    }
  }

  /** Waits until a build's log says this: the tool runs by then. */
  async logged(builder: string, key: BuildKey, text: string): Promise<void> {
    const file = join(this.logDir(builder), `${key.image}-${key.build}.log`);
    const watcher = watch(this.logDir(builder));
    const changes = on(watcher, 'change');
    try {
      await this.#waits.during(`${file} to say ${text}`, async () => {
        while (!(await readFile(file, 'utf8').catch(() => '')).includes(text)) await changes.next();
      });
    } finally {
      watcher.close();
      await changes.return?.();
    }
  }

  /** Waits until the cloud has been asked this so many times, whatever it then answers. */
  async asked(operation: string, times = 1): Promise<void> {
    const { calls } = this.cloud.cloud;
    const isAsked = () => calls.latest().filter((it) => it.operation === operation).length >= times;
    await this.#waits.during(`the cloud to be asked ${operation}, ${times} times`, async () => {
      while (!isAsked()) await once(this.#calls, 'call');
    });
  }

  #hearCalls(): void {
    this.cloud.cloud.calls.follow(() => this.#calls.emit('call'));
  }

  /** Ids and states of an image's builds as the tree shows them. */
  builds(image = 'deb'): ReadonlyMap<string, string> {
    const builds = this.store.images.view().images.get(image)?.builds ?? new Map();
    return new Map([...builds].map(([id, it]) => [id, it.record?.state ?? it.broken ?? 'unknown']));
  }

  /** Names of the images that the simulated cloud has of ours. */
  cloudImages(
    account: string,
  ): readonly { readonly id: string; readonly metadata: Readonly<Record<string, string>> }[] {
    return [...this.cloud.cloud.account(account).images.table.values()];
  }
}

/** A builder as a process. Its log is heard line by line. */
export class BuilderChild {
  readonly lines: string[] = [];
  readonly #heard = new EventEmitter();
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** Whether nothing more can be heard of it: its end may be known before its last lines are. */
  #isSilent = false;

  constructor(
    readonly name: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    private readonly waits: PendingWaits,
  ) {
    this.#child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface(stream).on('line', (line) => {
        this.lines.push(line);
        this.#heard.emit('line');
      });
    }
    this.#child.once('close', () => {
      this.#isSilent = true;
      this.#heard.emit('line');
    });
    this.#heard.setMaxListeners(0);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits for a line of its log; all lines since the start count, or those from `from` on. */
  async says(pattern: RegExp, from = 0): Promise<string> {
    return this.waits.during(`${this.name} to say ${pattern} from line ${from} on`, async () => {
      for (;;) {
        const found = this.lines.slice(from).find((it) => pattern.test(it));
        if (found !== undefined) return found;
        if (this.#isSilent) throw new Error(`${this.name} ended without saying ${pattern}:\n${this.lines.join('\n')}`);
        await once(this.#heard, 'line');
      }
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits for its end: the exit status, or the signal's name. */
  async ended(): Promise<number | string | null> {
    await this.waits.during(`${this.name} to end`, () => this.#ended);
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** For people: whether it runs, or how it ended. */
  get state(): string {
    return this.#hasEnded ? `ended: ${this.#child.exitCode ?? this.#child.signalCode}` : 'runs';
  }

  /** kill -9, also of one that is frozen. */
  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
