import type { ZooKeeper } from '../src/zk/client';
import { connectZooKeeper } from '../src/zk/engine';
import type { Member } from '../src/zk/server/private-server';
import { openTree } from '../src/zk/tree';
import { median, type Metrics, rounded } from './report';
import { pipelined, tools } from './zk-clients';

const DIRECTORIES = 100;
const LEAVES = 99;
const DATA = Buffer.alloc(1_024, 'x');
const ROUNDS = 5;

/** A tree of 10,000 znodes of 1 kB: from nothing to fresh, and from a lost link to fresh. */
export async function measureTree(zk: ZooKeeper, server: Member): Promise<Metrics> {
  await fill(zk);
  const loads: number[] = [];
  const rereads: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const { loadMs, rereadMs } = await oneRound(server);
    process.stdout.write(`tree_load ${rounded(loadMs)}\ntree_reread ${rounded(rereadMs)}\n`);
    if (round === 0) continue; // warms up
    loads.push(loadMs);
    rereads.push(rereadMs);
  }
  return { tree_load_ms: rounded(median(loads)), tree_reread_ms: rounded(median(rereads)) };
}

async function fill(zk: ZooKeeper): Promise<void> {
  await zk.create('/tree', DATA);
  const make = (path: string, done: (error?: unknown) => void) => void zk.create(path, DATA).then(() => done(), done);
  await pipelined(DIRECTORIES, 500, (index, done) => make(`/tree/${index}`, done));
  await pipelined(DIRECTORIES * LEAVES, 500, (index, done) =>
    make(`/tree/${index % DIRECTORIES}/${Math.floor(index / DIRECTORIES)}`, done),
  );
}

async function oneRound({ port }: Member): Promise<{ readonly loadMs: number; readonly rereadMs: number }> {
  const zk = connectZooKeeper({ hosts: `127.0.0.1:${port}`, sessionTimeoutMs: 30_000 }, tools);
  await zk.connected();
  const begin = performance.now();
  const tree = openTree(zk, '/tree', {}, tools);
  await tree.ready();
  const loadMs = performance.now() - begin;
  if (tree.size !== 1 + DIRECTORIES * (1 + LEAVES)) throw new Error(`the tree has ${tree.size} znodes`);
  const cut = performance.now();
  zk.updateServers(`localhost:${port}`); // another name of the same server: the link is given up, the session kept
  if (tree.fresh) throw new Error('the tree does not know that its link is gone');
  await tree.ready();
  const rereadMs = performance.now() - cut;
  await tree.close();
  await zk.close();
  return { loadMs, rereadMs };
}
