import { newNode } from '../../../src/model/node-record';
import { newRequest } from '../../../src/model/request-record';
import { silentLogger } from '../../../src/runtime/log';
import { pick, type Random, seededRandom, systemRandom } from '../../../src/runtime/random';
import { systemClock } from '../../../src/runtime/clock';
import { ClaimLostError, type NodeClaim, type Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { isZkError } from '../../../src/zk/errors';
import { MemoryServer } from '../../../src/zk/memory';
import { never } from './world';

/**
 * Several stores at once on a server that loses requests, answers and sessions at random. Every seed is another order
 * of hops and faults; the invariants are those that a fleet rests on.
 */
const FIRST_SEED = Number(process.env['SEED'] ?? Math.floor(systemRandom.next() * 2 ** 31));
const seeds = Array.from({ length: 25 }, (_, index) => FIRST_SEED + index);

const node = newNode({ state: 'building', provider: 'east', pool: 'main', type: ['small'], stateTime: 5 });
const request = newRequest({ nodeTypes: ['small'], requestor: 'me', stateTime: 5, createdTime: 5 });

interface Run {
  readonly server: MemoryServer;
  readonly random: Random;
  readonly stores: readonly Store[];
}

function begin(seed: number): Run {
  const random = seededRandom(seed);
  const server = new MemoryServer({ clock: systemClock, random: seededRandom(seed + 1) });
  const stores = [0, 1, 2].map((index) =>
    openStore(server.connect(), { clock: systemClock, random: seededRandom(seed * 7 + index), log: silentLogger }),
  );
  return { server, random, stores };
}

async function end({ server, stores }: Run): Promise<void> {
  for (const it of stores) await it.close();
  for (const it of stores) await it.zk.close();
  expect(server.sessionIds()).toEqual([]);
}

/** Some trouble for one of the clients, now or at one of its next requests. */
function trouble({ server, random, stores }: Run, sessionsToo: boolean): void {
  const client: ZooKeeper = pick(random, stores).zk;
  const op = pick(random, ['create', 'transaction', 'get', 'children', 'exists', 'delete'] as const);
  const kind = random.next();
  if (kind < 0.45) server.dropReply({ client, op });
  else if (kind < 0.8) server.dropRequest({ client, op });
  else if (kind < 0.9 || !sessionsToo) server.cut(client);
  else server.expire(client);
}

const text = (server: MemoryServer, path: string) => server.dump().get(path)?.toString() ?? '';
const below = (server: MemoryServer, dir: string) =>
  [...server.dump().keys()].filter((it) => it.startsWith(`${dir}/`) && !it.slice(dir.length + 1).includes('/'));

test.each(seeds)('whatever is lost, each creation makes one (seed %d)', async (seed) => {
  const run = begin(seed);
  const { server, random, stores } = run;
  const work = Array.from({ length: 12 }, async (_, index) => {
    const store = stores[index % stores.length]!;
    await store.zk.connected();
    if (random.next() < 0.7) trouble(run, false);
    if (index % 2 === 0) return { request: await store.requests.create(request, 200, 'persistent') };
    return { node: (await store.nodes.create(node, never)).id };
  });
  const made = await Promise.all(work);
  const requests = made.flatMap((it) => ('request' in it ? [`/nodepool/requests/${it.request}`] : []));
  const nodes = made.flatMap((it) => ('node' in it ? [`/nodepool/nodes/${it.node}`] : []));
  expect(new Set([...requests, ...nodes]).size).toBe(12);
  expect(below(server, '/nodepool/requests').sort()).toEqual(requests.sort());
  expect(below(server, '/nodepool/nodes').sort()).toEqual(nodes.sort());
  for (const it of nodes) expect(below(server, `${it}/lock`)).toHaveLength(1);
  await end(run);
});

test.each(seeds)('whatever is lost, writes of holders never mix (seed %d)', async (seed) => {
  const run = begin(seed);
  const { server, random, stores } = run;
  await Promise.all(stores.map((it) => it.zk.connected()));
  const created = await stores[0]!.nodes.create(node, never);
  await created.writeAndRelease({ slot: 0 });
  const written = new Set<number>();
  const work = stores.map(async (store) => {
    for (let round = 0; round < 8; round += 1) {
      if (random.next() < 0.5) trouble(run, true);
      const claim = await attempt(() => claimAnyWay(store, created.id, random));
      const before = claim?.current.record.slot ?? 0;
      const after = claim && (await attempt(() => claim.write({ slot: before + 1 })));
      if (after !== undefined) {
        expect(written.has(before + 1)).toBe(false); // each number was written by one holder
        written.add(before + 1);
      }
      await claim?.release();
    }
  });
  await Promise.all(work);
  const { slot } = JSON.parse(text(server, `/nodepool/nodes/${created.id}`)) as { slot: number };
  expect(slot).toBeGreaterThanOrEqual(written.size); // a write whose lock was lost with its answer may have happened
  expect(Math.max(0, ...written)).toBeLessThanOrEqual(slot);
  await end(run);
});

async function claimAnyWay(store: Store, id: string, random: Random): Promise<NodeClaim | undefined> {
  if (random.next() < 0.5) return store.nodes.claim(id, never, 500);
  const entry = (await store.nodes.read()).get(id);
  return entry === undefined ? undefined : store.nodes.claimAs(entry, { az: 'quick' }, never);
}

/** Undefined for the failures that a program takes as "look again". */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ClaimLostError || isZkError(error, 'SESSION_EXPIRED')) return undefined;
    throw error;
  }
}
