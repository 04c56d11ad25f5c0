import { Agent, get } from 'node:http';
import { newNode, printNode } from '../src/model/node-record';
import { systemClock } from '../src/runtime/clock';
import { silentLogger } from '../src/runtime/log';
import { systemRandom } from '../src/runtime/random';
import { openStore } from '../src/store/store';
import { launcherRoutes } from '../src/web/launcher-routes';
import { SeenTree } from '../src/web/seen-tree';
import { startWeb } from '../src/web/server';
import { MemoryServer } from '../src/zk/memory';
import { median, type Metrics, printReport, rounded } from './report';

const NODES = 10_000;
const ROUNDS = 9;

/** Lists of 10,000 nodes over HTTP, from the request to the last byte: as they are kept, and after one node has changed. */
export async function run(): Promise<void> {
  const server = new MemoryServer({ clock: systemClock });
  const zk = server.connect();
  await zk.connected();
  await zk.create('/nodepool', Buffer.alloc(0));
  await zk.create('/nodepool/nodes', Buffer.alloc(0));
  for (let id = 0; id < NODES; id += 1)
    await zk.create(`/nodepool/nodes/${String(id).padStart(10, '0')}`, nodeData(id));
  const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
  const store = openStore(zk, tools);
  const tree = new SeenTree(store);
  const limits = { ratePerPeer: { perSecond: 1e6, burst: 1e6 } };
  const routes = launcherRoutes(tree, { version: null, phase: () => 'running', ...tools });
  const web = await startWeb({ port: 0, listenAddress: '127.0.0.1', routes, limits }, tools);
  await store.nodes.view().ready();
  const agent = new Agent({ keepAlive: true });
  const change = async (round: number) => {
    await zk.set(`/nodepool/nodes/${String(round).padStart(10, '0')}`, nodeData(round + 1));
    await store.nodes.view().settled();
  };

  const metrics: Record<string, number> = {};
  for (const [name, path, headers] of CASES) {
    const fetchMs = () => timed(`${web.url}${path}`, headers, agent);
    metrics[`${name}_first_ms`] = rounded(await fetchMs());
    const [kept, changed]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      await change(round);
      changed.push(await fetchMs());
      kept.push(await fetchMs());
    }
    metrics[`${name}_changed_ms`] = rounded(median(changed));
    metrics[`${name}_kept_ms`] = rounded(median(kept));
  }
  agent.destroy();
  await web.close();
  tree.close();
  await store.close();
  await zk.close();
  report(metrics);
}

const JSON_ONLY = { accept: 'application/json' };
const CASES = [
  ['node_list_json', '/node-list', JSON_ONLY],
  ['node_list_json_gzip', '/node-list', { ...JSON_ONLY, 'accept-encoding': 'gzip' }],
  ['node_list_text', '/node-list', {}],
  ['node_list_some_columns', '/node-list?fields=id,provider,label,state,age', {}],
  ['api_nodes', '/api/v1/nodes', {}],
] as const;

function report(metrics: Metrics): void {
  const goals = CASES.flatMap(([name]) =>
    ['kept', 'changed'].map((it) => ({ metric: `${name}_${it}_ms`, goal: '<=50' })),
  );
  printReport('web', metrics, goals);
}

function nodeData(id: number): Buffer {
  return printNode(
    newNode({
      state: id % 3 === 0 ? 'ready' : 'in-use',
      stateTime: 1_700_000_000 + id,
      provider: 'fake-east',
      pool: 'main',
      type: ['ubuntu-jammy', 'large'],
      externalId: `8e6d4f0c-0000-4000-8000-${String(id).padStart(12, '0')}`,
      publicIpv4: `198.51.${id >> 8}.${id & 255}`,
      privateIpv4: `10.0.${id >> 8}.${id & 255}`,
      hostname: `np${String(id).padStart(10, '0')}`,
      connectionPort: 22,
      username: 'zuul',
      launcher: 'nl01.example.org-PoolWorker.fake-east-main-4f0c4f0c4f0c4f0c4f0c4f0c4f0c4f0c',
      hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGQ0000000000000000000000000000000000000000000'],
    }),
  );
}

function timed(url: string, headers: Readonly<Record<string, string>>, agent: Agent): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { headers, agent }, (response) => {
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(performance.now() - began)
          : reject(new Error(`status ${response.statusCode}`)),
      );
      response.resume();
    }).on('error', reject);
  });
}
