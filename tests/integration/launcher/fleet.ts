import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configStamp, loadConfig } from '../../../src/config/load';
import { openProvider } from '../../../src/drivers/open-provider';
import { drivers } from '../../../src/drivers/registry';
import { type LauncherOptions, runLauncher } from '../../../src/launcher/main';
import type { LauncherTools } from '../../../src/launcher/tools';
import type { Node, NodeRequest } from '../../../src/model/records';
import { systemClock } from '../../../src/runtime/clock';
import { createLogger, type Logger, silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { connectScheduler, type Scheduler } from '../../../src/scheduler/scheduler';
import type { Store, View } from '../../../src/store/api';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { startTestCloud, type TestCloud } from '../../support/fake-cloud';

const log: Logger =
  process.env['TEST_LOG'] === undefined ? silentLogger : createLogger({ level: 'debug', format: 'text' });
const tools = { clock: systemClock, random: systemRandom, log };

/** A client of the tree as a scheduler has one. */
export interface Peer {
  readonly zk: ZooKeeper;
  readonly store: Store;
  readonly scheduler: Scheduler;
  close(): Promise<void>;
}

export interface RunningLauncher {
  /** Resolves when it has ended, whoever told it to. */
  readonly ended: Promise<void>;
  /** First signal: drain. Resolves when it has ended. */
  drain(): Promise<void>;
  /** Second signal. */
  stop(): Promise<void>;
  /** Of its own session. */
  readonly zk: ZooKeeper;
  /** Its configuration. */
  readonly file: string;
}

/** A ZooKeeper, a simulated cloud, and launchers on both, for one test file. */
export class Fleet {
  readonly #running: RunningLauncher[] = [];
  readonly #peers: Peer[] = [];
  readonly #children = new Set<{ kill(): Promise<unknown> }>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'nodepool-launcher-test-'));

  private constructor(
    readonly server: PrivateServer,
    /** A new one for each test. */
    public cloud: TestCloud,
  ) {}

  static async start(): Promise<Fleet> {
    const [server, cloud] = await Promise.all([
      startZooKeeper({ clock: systemClock, fsync: false, tickMs: 500 }),
      startTestCloud(),
    ]);
    return new Fleet(server, cloud);
  }

  async peer(timeoutSeconds = 10): Promise<Peer> {
    const zk = await openZooKeeper({ hosts: this.server.hosts, timeoutSeconds }, tools);
    await zk.connected();
    const store = openStore(zk, tools);
    const scheduler = connectScheduler(store, { name: 'zuul' }, tools);
    const peer = {
      zk,
      store,
      scheduler,
      close: async () => {
        await scheduler.close();
        await store.close();
        await zk.close();
      },
    };
    this.#peers.push(peer);
    return peer;
  }

  /** Writes a configuration file and returns its path. */
  writeConfig(name: string, text: string): string {
    const file = join(this.#folder, `${name}.yaml`);
    writeFileSync(file, text);
    return file;
  }

  /** Resolves when it is ready. */
  async launcher(config: string, changes: Partial<LauncherTools> = {}, timeoutSeconds = 10): Promise<RunningLauncher> {
    const file = this.writeConfig(`config-${this.#running.length}`, config);
    const zk = await openZooKeeper({ hosts: this.server.hosts, timeoutSeconds }, tools);
    await zk.connected();
    const store = openStore(zk, tools);
    const [drain, now] = [new AbortController(), new AbortController()];
    let ready: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const options: LauncherOptions = {
      source: {
        stamp: () => configStamp({ file }),
        load: () => loadConfig({ file, env: {}, schemas: drivers }),
      },
      onReady: ready,
    };
    const ended = runLauncher(
      options,
      { ...launcherTools(this.cloud, store), ...changes },
      {
        drain: drain.signal,
        now: now.signal,
      },
    ).finally(async () => {
      await store.close();
      await zk.close();
    });
    await Promise.race([begun, ended]);
    const running = {
      ended,
      zk,
      file,
      drain: () => {
        drain.abort(new Error('drain'));
        return ended;
      },
      stop: () => {
        now.abort(new Error('stop'));
        drain.abort(new Error('stop'));
        return ended;
      },
    };
    this.#running.push(running);
    return running;
  }

  /** Has a process killed after its test, also if that failed while it started; `ended` resolves when it has ended anyhow. */
  adopt(child: { kill(): Promise<unknown> }, ended: Promise<unknown>): void {
    this.#children.add(child);
    void ended.then(() => this.#children.delete(child));
  }

  /** Names of the servers that the cloud has for a provider, without those on their way out. */
  serverNames(provider = 'fake-east'): string[] {
    return this.#servers(provider)
      .map((it) => it.name)
      .sort();
  }

  serverIds(provider = 'fake-east'): string[] {
    return this.#servers(provider).map((it) => it.id);
  }

  #servers(provider: string) {
    const { servers } = this.cloud.cloud.account(provider);
    return servers.list().filter((it) => it.status !== 'DELETING');
  }

  /** Ends all launchers and clients of a test, and empties tree and cloud. */
  async reset(): Promise<void> {
    await this.#killChildren();
    for (const it of this.server.members) it.thaw();
    await Promise.all(this.#running.splice(0).map((it) => it.stop()));
    const sweeper = await this.peer();
    await removeTree(sweeper.zk, '/nodepool');
    await Promise.all(this.#peers.splice(0).map((it) => it.close()));
    await this.cloud.close();
    this.cloud = await startTestCloud();
  }

  async stop(): Promise<void> {
    await this.#killChildren();
    await Promise.all(this.#running.splice(0).map((it) => it.stop().catch(() => undefined)));
    await Promise.all(this.#peers.splice(0).map((it) => it.close()));
    await this.cloud.close();
    await this.server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #killChildren(): Promise<void> {
    await Promise.all([...this.#children].map((it) => it.kill()));
  }
}

/** For a block of tests: one fleet for all of them, which is emptied after each, and before each a peer; `take` is told of both. */
export function useFleet(take: (it: { readonly fleet: Fleet; readonly peer: Peer }) => void): void {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  beforeEach(async () => take({ fleet, peer: await fleet.peer() }));
  afterEach(() => fleet.reset());
  afterAll(() => fleet.stop());
}

function launcherTools(cloud: TestCloud, store: Store): LauncherTools {
  return {
    ...tools,
    env: cloud.env,
    store,
    openProvider,
    scanHostKeys: () => Promise.resolve(['ssh-ed25519 AAAA']),
    hostname: 'nl01',
    fqdn: 'nl01.example.org',
    version: '0.0.0',
  };
}

export async function removeTree(zk: ZooKeeper, root: string): Promise<void> {
  const found = await zk.children(root).catch(() => undefined);
  if (found === undefined) return;
  for (const it of found.children) await removeTree(zk, `${root}/${it}`);
  await zk.delete(root).catch((error: { code?: string }) => {
    if (error.code !== 'NO_NODE') throw error as Error;
  });
}

/** Resolves with the first defined value of `look`, asked again at every change of the view. */
export async function until<T>(view: View, look: () => T | undefined | false): Promise<T> {
  await view.ready();
  const now = look();
  if (now !== undefined && now !== false) return now;
  return new Promise((resolve) => {
    const stop = view.onChange(() => {
      const value = look();
      if (value === undefined || value === false) return;
      stop();
      resolve(value);
    });
  });
}

/** The record of a node, once it is as wanted. */
export function untilNode(store: Store, id: string, wanted: (node: Node, locked: boolean) => boolean): Promise<Node> {
  const view = store.nodes.view();
  return until(view, () => {
    const entry = view.nodes.get(id);
    return entry?.record !== undefined && wanted(entry.record, entry.locked) && entry.record;
  });
}

export function untilNodeGone(store: Store, id: string): Promise<true> {
  const view = store.nodes.view();
  return until(view, () => view.fresh && !view.nodes.has(id));
}

export function untilRequest(
  store: Store,
  id: string,
  wanted: (request: NodeRequest, locked: boolean) => boolean,
): Promise<NodeRequest> {
  const view = store.requests.view();
  return until(view, () => {
    const entry = view.requests.get(id);
    return entry?.record !== undefined && wanted(entry.record, entry.locked) && entry.record;
  });
}

export interface PoolText {
  readonly provider?: string;
  readonly priority?: number;
  readonly maxServers?: number;
  readonly maxConcurrency?: number;
  readonly labels?: readonly string[];
  readonly minReady?: Readonly<Record<string, number>>;
  readonly extra?: string;
  readonly top?: string;
  readonly providerExtra?: string;
}

/** A configuration with one provider and one pool `main`. */
export function configText(it: PoolText = {}): string {
  const { provider = 'fake-east', labels = ['small'], minReady = {}, maxServers = 10 } = it;
  return [
    'labels:',
    ...labels.map((name) => `  - {name: ${name}, min-ready: ${minReady[name] ?? 0}}`),
    ...(it.top === undefined ? [] : [it.top]),
    'providers:',
    providerText({ ...it, provider, labels, maxServers }),
    '',
  ].join('\n');
}

export function providerText(it: PoolText): string {
  const { provider = 'fake-east', labels = ['small'], maxServers = 10 } = it;
  return [
    `  - name: ${provider}`,
    '    driver: fake',
    '    cloud: fake',
    ...(it.priority === undefined ? [] : [`    priority: ${it.priority}`]),
    ...(it.maxConcurrency === undefined ? [] : [`    max-concurrency: ${it.maxConcurrency}`]),
    ...(it.providerExtra === undefined ? [] : [it.providerExtra]),
    '    rate: 1000',
    '    cloud-images: [{name: precise, image-name: Fake Precise, username: admin}]',
    '    pools:',
    '      - name: main',
    `        max-servers: ${maxServers}`,
    ...(it.extra === undefined ? [] : [it.extra]),
    '        labels:',
    ...labels.map((name) => `          - {name: ${name}, cloud-image: precise, min-ram: 1024}`),
  ].join('\n');
}
