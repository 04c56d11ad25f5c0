import type { LabelConfig } from '../../../src/config/types';
import { timesFitting } from '../../../src/decide/quota';
import { MinReadyWorker } from '../../../src/launcher/min-ready-worker';
import type { LauncherTools } from '../../../src/launcher/tools';
import { World } from '../../../src/launcher/world';
import type { PoolComponent, Resources } from '../../../src/model/records';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock, settle } from '../../support/fake-clock';
import { node } from '../../support/node-facts';

const never = new AbortController().signal;
const POOL = 'nl01-pool-main';
const MIN_READY = 3;
const LONGEST_MS = 300_000;

let clock: FakeClock;
let store: Store;
let world: World;
let worker: MinReadyWorker;
let maxServers: number;

beforeEach(async () => {
  clock = new FakeClock();
  maxServers = 4;
  const random = seededRandom(5);
  const zk = new MemoryServer({ clock }).connect();
  store = openStore(zk, { clock, random, log: silentLogger });
  const pool = { kind: 'pool', id: POOL, name: 'main', providerName: 'fake-east', supportedLabels: ['small'] };
  await store.components.register({ ...pool, priority: 100, paused: false, unknown: {} } as unknown as PoolComponent);
  world = new World(store, () => ({ instances: 1 }), clock);
  await world.ready(never);
  const tools = { clock, random, log: silentLogger, store, env: {} } as unknown as LauncherTools;
  const labels = [{ name: 'small', minReady: MIN_READY } as LabelConfig];
  const room = () =>
    new Map([[POOL, timesFitting({ instances: maxServers }, world.nodes.used('fake-east'), { instances: 1 })]]);
  worker = new MinReadyWorker(
    tools,
    world,
    () => ({ labels, imageReady: () => true, room }),
    () => true,
  );
});

afterEach(async () => {
  world.close();
  await store.close();
  await store.zk.close();
});

async function pass(): Promise<number> {
  await seen();
  const { againInMs } = await worker.pass(never);
  await seen();
  return againInMs;
}

async function seen(): Promise<void> {
  await Promise.all([store.nodes.view().settled(), store.requests.view().settled(), store.components.view().settled()]);
  await settle();
}

/** Nodes that somebody works with. */
async function fill(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < count; made += 1) {
    const claim = await store.nodes.create(node({ state: 'in-use', allocatedTo: '100-1' }), never);
    ids.push(claim.id);
    await claim.release();
  }
  await seen();
  return ids;
}

/** Ends what was filed, but not `spared`, as a launcher would; returns how many requests there were. */
async function end(declinedBy: readonly string[] = [POOL], spared?: string): Promise<number> {
  await seen();
  const waiting = world.requests.requested.map((it) => it.id).filter((it) => it !== spared);
  for (const id of waiting) {
    const claim = await store.requests.claim(id, never);
    await claim!.write({ state: 'failed', declinedBy });
    await claim!.release();
  }
  return waiting.length;
}

/** Passes over `ms`, each after what the last one asked for; every request is declined. Returns how many there were. */
async function declinedWithin(ms: number): Promise<number> {
  let count = 0;
  for (const until = clock.monotonic() + ms; clock.monotonic() < until;) {
    await clock.advance(Math.min(await pass(), until - clock.monotonic()));
    count += await end();
  }
  return count;
}

/** The pool is full, and that was tried until the rest is at its longest. */
async function restLong(): Promise<string[]> {
  const nodes = await fill(maxServers);
  expect(await declinedWithin(6 * LONGEST_MS)).toBeGreaterThan(5);
  await pass();
  await end();
  await pass();
  return nodes;
}

test('a pool that is full is tried less and less often, with one request each time', async () => {
  await restLong();
  expect(await declinedWithin(LONGEST_MS)).toBeLessThanOrEqual(2);
});

test('as many requests as there is room again, at once, and no more of them', async () => {
  const nodes = await restLong();
  await clock.advance(1000);
  await store.nodes.remove(nodes[0]!);
  await store.nodes.remove(nodes[1]!);
  await pass();
  expect(await end()).toBe(2);
  await pass(); // declined though there seems to be room: the same room is no news
  await pass();
  expect(await end()).toBe(0);
});

test('room right after a decline waits a second', async () => {
  const nodes = await restLong();
  await clock.advance(LONGEST_MS);
  await pass();
  expect(await end()).toBe(1);
  await pass();
  await store.nodes.remove(nodes[0]!);
  expect(await pass()).toBe(1000);
  expect(await end()).toBe(0);
  await clock.advance(1000);
  await pass();
  expect(await end()).toBe(1);
});

test('room that was taken again is noticed when it is freed again', async () => {
  const nodes = await restLong();
  await store.nodes.remove(nodes[0]!);
  await clock.advance(1000);
  await pass();
  expect(await end()).toBe(1);
  await pass();
  const [again] = await fill(1);
  await pass();
  await clock.advance(1000);
  await store.nodes.remove(again!);
  await pass();
  expect(await end()).toBe(1);
});

test.each<readonly [string, () => void]>([
  ['a limit that was raised', () => (maxServers += 1)],
  ['nodes that count no longer', () => world.reweigh((): Resources | undefined => undefined)],
])('%s is room', async (_what, change) => {
  await restLong();
  await clock.advance(1000);
  change();
  await pass();
  expect(await end()).toBeGreaterThan(0);
});

test.each([
  ['launches that failed', []],
  ['launches that failed beside requests that were declined', [POOL]],
])('%s are not mended by room', async (_what, declinedBy) => {
  const nodes = await fill(maxServers - 1);
  await pass();
  const [last] = world.requests.requested.map((it) => it.id).reverse();
  const claim = await store.requests.claim(last!, never);
  expect(await end(declinedBy, last)).toBe(MIN_READY - 1);
  await pass();
  await claim!.write({ state: 'failed' });
  await claim!.release();
  await pass();
  await clock.advance(1000);
  await store.nodes.remove(nodes[0]!);
  await pass();
  expect(await end()).toBe(0);
});

test.each<readonly [string, Resources, Resources, Resources, number]>([
  ['no limits', {}, { cores: 9 }, { cores: 1 }, Infinity],
  ['what is not needed', { ram: 5 }, {}, { cores: 1 }, Infinity],
  ['the scarcest', { cores: 9, ram: 4 }, { cores: 1 }, { cores: 2, ram: 3 }, 1],
  ['exactly', { cores: 8 }, { cores: 4 }, { cores: 4 }, 1],
  ['full', { instances: 2 }, { instances: 2 }, { instances: 1 }, 0],
  ['overdrawn, though not needed', { ram: 1 }, { ram: 2 }, { cores: 1 }, 0],
])('times that fit: %s', (_what, limits, used, need, times) => {
  expect(timesFitting(limits, used, need)).toBe(times);
});
