import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { transformSync } from '@swc/core';
import { systemClock } from '../src/runtime/clock';
import { silentLogger } from '../src/runtime/log';
import { systemRandom } from '../src/runtime/random';
import type { Store } from '../src/store/api';
import { openZooKeeper } from '../src/store/open-zookeeper';
import { openStore } from '../src/store/store';
import type { ZooKeeper } from '../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../src/zk/server/private-server';

export const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
export const never: AbortSignal = new AbortController().signal;

const ROOT = join(__dirname, '..');

/**
 * ZooKeeper's thread that waits for sockets reads and writes them itself. Handing each request to a pool of four threads, which is the
 * default on two cores, takes nearly half as much CPU again, and all the parts of a farm share those cores (docs/operations.md).
 */
const FEW_CORES = { 'zookeeper.nio.numSelectorThreads': '1', 'zookeeper.nio.numWorkerThreads': '0' };

/** ZooKeeper, a simulated cloud without delay, and launchers, each a process of its own. */
export interface Farm {
  readonly server: PrivateServer;
  /** Resolves when the launcher is ready. With a chroot it shares its tree with those that have the same one only. */
  launcher(text: string, chroot?: string): Promise<Launcher>;
  /** A client with a store, as a scheduler has. */
  peer(chroot?: string): Promise<Peer>;
  stop(): Promise<void>;
}

export interface Peer {
  readonly zk: ZooKeeper;
  readonly store: Store;
}

/** Requests to ZooKeeper that a launcher has made, by name. */
export type RequestCounts = Readonly<Record<string, number>>;

export interface Launcher {
  /** What its metrics say that it has asked ZooKeeper for. */
  requests(): Promise<RequestCounts>;
  readonly pid: number;
  /** Of the ready message, from the start of the process. */
  readonly readyMs: number;
  readonly startedAt: number;
  /** Its configuration. */
  readonly file: string;
  /** The n-th line of its log that contains this. */
  untilSaid(text: string, nth: number): Promise<string>;
  stop(): Promise<void>;
}

export async function startFarm(): Promise<Farm> {
  const folder = mkdtempSync(join(tmpdir(), 'nodepool-bench-'));
  const program = compile();
  const server = await startZooKeeper({ clock: systemClock, fullJit: true, properties: FEW_CORES });
  const cloud = spawn(process.execPath, [join(ROOT, 'tests/support/child-fake-cloud.js'), '--state-dir', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [endpoint] = (await once(cloud.stdout, 'data')) as [Buffer];
  const env = { ...process.env, NODEPOOL_FAKE_CLOUD: endpoint.toString().trim() };
  const launchers: Launcher[] = [];
  const closing: (() => Promise<void>)[] = [];
  let files = 0;
  return {
    server,
    launcher: async (text, chroot = '') => {
      const file = join(folder, `config-${(files += 1)}.yaml`);
      const port = await freePort();
      const webapp = `webapp: {port: ${port}, listen_address: 127.0.0.1}`;
      writeFileSync(file, text.replace('ZOOKEEPER', `${zooKeeperText(server, chroot)}\n${webapp}`));
      const it = await startLauncher(program, file, env, port);
      launchers.push(it);
      return it;
    },
    peer: async (chroot = '') => {
      if (chroot !== '') await createChroot(server, chroot);
      const zk = await openZooKeeper({ hosts: server.hosts + chroot, timeoutSeconds: 30 }, tools);
      await zk.connected();
      const store = openStore(zk, tools);
      closing.push(async () => {
        await store.close();
        await zk.close();
      });
      return { zk, store };
    },
    stop: async () => {
      await Promise.all(launchers.map((it) => it.stop()));
      await Promise.all(closing.map((it) => it()));
      await ended(cloud);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The program as it is installed: compiled beforehand, so that its start is not the compiler's. */
function compile(): string {
  const out = join(ROOT, 'node_modules/.cache/nodepool-bench');
  rmSync(out, { recursive: true, force: true });
  for (const entry of readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const file = join(entry.parentPath, entry.name);
    const target = join(out, relative(ROOT, file)).replace(/\.ts$/, '.js');
    const { code } = transformSync(readFileSync(file, 'utf8'), {
      filename: file,
      module: { type: 'commonjs' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  for (const it of ['package.json', 'etc']) symlinkSync(join(ROOT, it), join(out, it));
  const main = join(out, 'launcher.js');
  const runProgram = JSON.stringify(join(ROOT, 'bin/lib/run-program'));
  writeFileSync(main, `require(${runProgram})(require('./src/launcher/command').main);\n`);
  return main;
}

function zooKeeperText({ hosts }: PrivateServer, chroot: string): string {
  const [host, port] = hosts.split(':');
  const within = chroot === '' ? '' : `, chroot: ${chroot}`;
  return `zookeeper-servers: [{host: ${host}, port: ${port}${within}}]\nzookeeper-timeout: 30.0`;
}

async function createChroot({ hosts }: PrivateServer, chroot: string): Promise<void> {
  const zk = await openZooKeeper({ hosts, timeoutSeconds: 30 }, tools);
  await zk.connected();
  await zk.create(chroot, Buffer.alloc(0));
  await zk.close();
}

async function startLauncher(program: string, file: string, env: NodeJS.ProcessEnv, port: number): Promise<Launcher> {
  const startedAt = performance.now();
  const profile = process.env['BENCH_PROFILE'] === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir=/tmp'];
  const child = spawn(process.execPath, [...profile, program, '-f', '-c', file], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const heard = new EventEmitter();
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-20_000);
      if (process.env['BENCH_LOG'] !== undefined) process.stderr.write(chunk);
      if (output.includes('launcher is ready')) resolve();
      heard.emit('more');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', () => reject(new Error(`launcher has ended:\n${output}`)));
  });
  return {
    pid: child.pid!,
    startedAt,
    file,
    untilSaid: async (text, nth) => {
      for (;;) {
        const line = output
          .split('\n')
          .slice(0, -1)
          .filter((it) => it.includes(text))[nth - 1];
        if (line !== undefined) return line;
        await once(heard, 'more');
      }
    },
    readyMs: performance.now() - startedAt,
    requests: () => requestCounts(port),
    stop: () => ended(child, 'SIGINT'),
  };
}

async function requestCounts(port: number): Promise<RequestCounts> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const counts: Record<string, number> = {};
  for (const [, labels = '', count] of text.matchAll(/zookeeper_request_seconds_count\{([^}]*)\} (\d+)/g)) {
    const name = /request="([^"]*)"/.exec(labels)?.[1] ?? 'unknown';
    counts[name] = (counts[name] ?? 0) + Number(count);
  }
  return counts;
}

const WRITES: ReadonlySet<string> = new Set(['create', 'set', 'delete', 'transaction']);

/** Writes and reads between two counts; a transaction, or a reading of many, is one. */
export function between(
  before: RequestCounts,
  after: RequestCounts,
): { readonly writes: number; readonly reads: number } {
  let [writes, reads] = [0, 0];
  for (const [name, count] of Object.entries(after)) {
    const more = count - (before[name] ?? 0);
    if (WRITES.has(name)) writes += more;
    else reads += more;
  }
  return { writes, reads };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  if (signal === 'SIGINT') setTimeout(() => child.kill(signal), 3_000).unref();
  await exit;
}

/** A configuration with one provider, whose cloud takes no time. */
export function configText(it: { readonly maxServers?: number; readonly minReady?: number } = {}): string {
  return `ZOOKEEPER
labels: [{name: small, min-ready: ${it.minReady ?? 0}}]
providers:
  - name: fake-east
    driver: fake
    cloud: fake
    rate: 100000
    fake: {boot-time: 0, limits: {instances: -1, cores: -1, ram: -1}}
    cloud-images: [{name: precise, image-name: Fake Precise, username: admin}]
    pools:
      - name: main
        ${it.maxServers === undefined ? '' : `max-servers: ${it.maxServers}`}
        host-key-checking: false
        labels: [{name: small, cloud-image: precise, min-ram: 1024}]
`;
}

/** What a process has used so far, in user and system mode, to 10 ms. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The value below which so many percent of all lie. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Three writes one after the other: what no launcher can be faster than. */
export async function floorMs(zk: ZooKeeper, rounds = 200): Promise<number> {
  const path = '/bench-floor';
  await zk.create(path, Buffer.alloc(0));
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    for (let at = 0; at < 3; at += 1) await zk.set(path, Buffer.alloc(700));
    times.push(performance.now() - began);
  }
  await zk.delete(path);
  return percentile(times, 50);
}
