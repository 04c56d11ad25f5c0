import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printBuild, printUpload } from '../src/model/image-records';
import { newNode, printNode } from '../src/model/node-record';
import { newRequest, printRequest } from '../src/model/request-record';
import { systemClock } from '../src/runtime/clock';
import { silentLogger } from '../src/runtime/log';
import { systemRandom } from '../src/runtime/random';
import type { Op, ZooKeeper } from '../src/zk/client';
import { connectZooKeeper } from '../src/zk/engine';
import { startZooKeeper } from '../src/zk/server/private-server';
import { median, printReport, rounded } from './report';

const ROWS = 10_000;
const ROUNDS = 7;
/** Of the 10,000 uploads. */
const IMAGES = 100;
const BUILDS = 10;
const PROVIDERS = 10;
const PROGRAM = join(__dirname, '..', 'bin', 'nodepool');

/**
 * Commands as their users feel them: a process from its start to its end, its output thrown away, on a tree of 10,000 nodes,
 * requests and uploads in a real ZooKeeper. `node_ms` is what Node takes to do nothing.
 */
export async function run(): Promise<void> {
  if (!existsSync(join(__dirname, '..', 'dist', 'cli', 'command.js'))) throw new Error('run `npm run build` first');
  const server = await startZooKeeper({ clock: systemClock, fsync: false });
  const folder = mkdtempSync(join(tmpdir(), 'nodepool-bench-cli-'));
  try {
    await fillTree(server.hosts);
    const [host, port] = server.hosts.split(':');
    const config = join(folder, 'nodepool.yaml');
    writeFileSync(config, `zookeeper-servers: [{host: ${host}, port: ${port}}]\n`);
    const metrics: Record<string, number> = {};
    const measure = async (name: string, args: readonly string[]) => {
      await elapsedMs(args); // the first one fills the caches of the disk and of the server
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) times.push(await elapsedMs(args));
      metrics[`${name}_ms`] = rounded(median(times));
    };
    await measure('node', ['-e', '0']);
    await measure('help', [PROGRAM, '--help']);
    await measure('command_help', [PROGRAM, 'list', '--help']);
    for (const [name, ...args] of LISTS) await measure(name!, [PROGRAM, '-c', config, ...args]);
    printReport('cli', metrics, [
      { metric: 'help_ms', goal: '<=150' },
      { metric: 'list_ms', goal: '<=600' },
      { metric: 'request_list_ms', goal: '<=600' },
      { metric: 'image_list_ms', goal: '<=600' },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
    await server.stop();
  }
}

const LISTS: readonly (readonly string[])[] = [
  ['list', 'list'],
  ['list_detail', 'list', '--detail'],
  ['list_json', 'list', '--format', 'json'],
  ['list_one', 'list', '--filter', 'id=0000000007'],
  ['request_list', 'request-list'],
  ['image_list', 'image-list'],
  ['dib_image_list', 'dib-image-list'],
  ['complete_node', 'complete', 'node'],
];

function elapsedMs(args: readonly string[]): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.resume();
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(performance.now() - began);
      else reject(new Error(`${args.join(' ')} ended with ${code}`));
    });
  });
}

export async function fillTree(hosts: string): Promise<void> {
  const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
  const zk = connectZooKeeper({ hosts, sessionTimeoutMs: 10_000 }, tools);
  await zk.connected();
  await createAll(
    zk,
    ['/nodepool', '/nodepool/nodes', '/nodepool/requests', '/nodepool/images'].map((it) => [it, EMPTY]),
  );
  const nodes: Entry[] = [];
  for (let id = 0; id < ROWS; id += 1) {
    const path = `/nodepool/nodes/${String(id).padStart(10, '0')}`;
    nodes.push([path, nodeData(id)], [`${path}/lock`, EMPTY]);
    if (id % 3 !== 0) nodes.push([`${path}/lock/0123456789abcdef0123456789abcdef__lock__0000000000`, EMPTY]);
  }
  await createAll(zk, nodes);
  const requests = Array.from({ length: ROWS }, (_, id): Entry => {
    return [`/nodepool/requests/200-${String(id).padStart(10, '0')}`, requestData(id)];
  });
  await createAll(zk, requests);
  await createAll(zk, imageEntries());
  await zk.close();
}

const EMPTY = Buffer.alloc(0);
type Entry = readonly [path: string, data: Buffer];

async function createAll(zk: ZooKeeper, entries: readonly Entry[]): Promise<void> {
  for (let index = 0; index < entries.length; index += 200) {
    const ops = entries.slice(index, index + 200).map(([path, data]): Op => ({ op: 'create', path, data }));
    await zk.transaction(ops);
  }
}

function nodeData(id: number): Buffer {
  return printNode(
    newNode({
      state: id % 3 === 0 ? 'ready' : 'in-use',
      stateTime: 1_700_000_000 + id,
      provider: `cloud-${id % 10}`,
      pool: 'main',
      type: ['ubuntu-jammy', 'large'],
      externalId: `8e6d4f0c-0000-4000-8000-${String(id).padStart(12, '0')}`,
      publicIpv4: `198.51.${id >> 8}.${id & 255}`,
      privateIpv4: `10.0.${id >> 8}.${id & 255}`,
      hostname: `np${String(id).padStart(10, '0')}`,
      username: 'zuul',
      launcher: 'nl01.example.org-PoolWorker.cloud-main-4f0c4f0c4f0c4f0c4f0c4f0c4f0c4f0c',
      hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGQ0000000000000000000000000000000000000000000'],
    }),
  );
}

function requestData(id: number): Buffer {
  return printRequest(
    newRequest({
      nodeTypes: ['ubuntu-jammy', 'large'],
      requestor: '0d1f0d1f0d1f0d1f0d1f0d1f0d1f0d1f',
      createdTime: 1_700_000_000 + id,
      stateTime: 1_700_000_000 + id,
      eventId: String(id).padStart(32, '0'),
      tenantName: 'example',
    }),
  );
}

function imageEntries(): Entry[] {
  const entries: Entry[] = [];
  const common = { stateTime: 1_700_000_000, username: null, pythonPath: null, shellType: null };
  for (let image = 0; image < IMAGES; image += 1) {
    const path = `/nodepool/images/image-${image}`;
    entries.push([path, EMPTY], [`${path}/builds`, EMPTY], [`${path}/builds/lock`, EMPTY]);
    for (let build = 0; build < BUILDS; build += 1) {
      const at = `${path}/builds/${String(image * BUILDS + build).padStart(32, '0')}`;
      const facts = { state: 'ready', builder: 'nb01', builderId: 'x', formats: ['qcow2'] } as const;
      entries.push([at, printBuild({ ...common, ...facts })], [`${at}/providers`, EMPTY]);
      for (let provider = 0; provider < PROVIDERS; provider += 1) {
        const dir = `${at}/providers/cloud-${provider}`;
        const upload = {
          state: 'ready',
          externalId: `id-${image}-${build}`,
          externalName: 'name',
          format: 'qcow2',
        } as const;
        entries.push([dir, EMPTY], [`${dir}/images`, EMPTY]);
        entries.push(
          [`${dir}/images/lock`, EMPTY],
          [`${dir}/images/0000000001`, printUpload({ ...common, ...upload })],
        );
      }
    }
  }
  return entries;
}
