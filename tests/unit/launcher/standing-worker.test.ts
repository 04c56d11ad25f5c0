import type { MachineFacts, StandingMachine } from '../../../src/config/standing-machine';
import type { StandingMachines } from '../../../src/drivers/driver';
import { LaunchFailedError } from '../../../src/drivers/errors';
import { StandingWorker } from '../../../src/launcher/standing-worker';
import type { LauncherTools } from '../../../src/launcher/tools';
import { World } from '../../../src/launcher/world';
import type { Node } from '../../../src/model/records';
import { systemClock } from '../../../src/runtime/clock';
import { type Fields, type Logger, silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { acquireLock } from '../../../src/zk/lock';
import type { HeldLock } from '../../../src/zk/lock-api';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock, settle } from '../../support/fake-clock';
import { MACHINE_FACTS, standingMachine } from '../../support/standing-machine';

const never = new AbortController().signal;

const machine = (name: string, changes: Partial<StandingMachine> = {}) => standingMachine({ name, ...changes });

/** Machines whose answers the test decides on. */
class Racks implements StandingMachines {
  readonly down = new Set<string>();
  readonly checks: string[] = [];
  readonly repeated: readonly StandingMachine[] = [];
  /** Checks that are not answered until the test says so. */
  held: (() => void)[] | undefined;

  constructor(readonly machines: readonly StandingMachine[]) {}

  async check(it: StandingMachine): Promise<MachineFacts> {
    this.checks.push(it.name);
    if (this.held !== undefined) await new Promise<void>((done) => this.held!.push(done));
    await this.reach(it);
    return MACHINE_FACTS;
  }

  reach({ name }: StandingMachine): Promise<void> {
    return this.down.has(name) ? Promise.reject(new LaunchFailedError('racks', `${name} is down`)) : Promise.resolve();
  }
}

let server: MemoryServer;
let zk: ZooKeeper;
let store: Store;
let world: World;
let clock: FakeClock;
let warnings: { readonly message: string; readonly fields: Fields | undefined }[];
let stop: AbortController;
let worker: StandingWorker;
let racks: Racks;
let term: HeldLock | undefined;

async function open(machines: readonly StandingMachine[], leads = true): Promise<void> {
  racks = new Racks(machines);
  world = new World(store, () => undefined, clock);
  await world.ready(never);
  const log: Logger = {
    ...silentLogger,
    warn: (message, fields) => warnings.push({ message, fields }),
    child: () => log,
  };
  const tools = { clock, random: seededRandom(3), log, store, env: {} } as unknown as LauncherTools;
  if (leads)
    term = await acquireLock(zk, '/term', { signal: never }, { clock: systemClock, random: seededRandom(4), log });
  worker = new StandingWorker(tools, world, {
    provider: 'racks',
    standing: () => racks,
    term: () => term,
    stopped: stop.signal,
    nudge: () => undefined,
  });
}

beforeEach(() => {
  server = new MemoryServer({ clock: systemClock });
  zk = server.connect();
  clock = new FakeClock();
  warnings = [];
  stop = new AbortController();
  term = undefined;
  store = openStore(zk, { clock: systemClock, random: seededRandom(2), log: silentLogger });
});

afterEach(async () => {
  stop.abort(new Error('end of the test'));
  await worker.end();
  await term?.release();
  world.close();
  await store.close();
  await zk.close();
});

/** One pass, and all that it starts. */
async function pass(): Promise<number> {
  const { againInMs } = await worker.pass(never);
  await settle();
  await store.nodes.view().settled();
  await settle();
  return againInMs;
}

async function passes(count = 4): Promise<number> {
  let last = 0;
  for (let round = 0; round < count; round += 1) last = await pass();
  return last;
}

const nodes = (): Node[] => [...store.nodes.view().nodes.values()].map((it) => it.record!);
const states = () => nodes().map((it) => `${it.hostname}/${it.slot} ${it.state}`);
const created = async () => (await zk.exists('/nodepool/nodes'))?.cversion ?? 0;

test('looks, registers, and then leaves the tree alone', async () => {
  await open([machine('a', { slots: 2 }), machine('b')]);
  expect(await passes()).toBe(60_000);
  expect(states().sort()).toEqual(['a/0 ready', 'a/1 ready', 'b/0 ready']);
  const before = server.dump();
  await passes();
  expect([...server.dump()]).toEqual([...before]);
  expect(racks.checks).toEqual(['a', 'b']);
});

test('does nothing where another launcher leads', async () => {
  await open([machine('a')], false);
  expect(await passes()).toBe(60_000);
  expect([states(), racks.checks]).toEqual([[], []]);
});

test('registers nothing once the election is lost, though it has not noticed', async () => {
  await open([machine('a')]);
  const held = term!;
  await pass();
  await zk.delete(held.contender);
  term = {
    ...held,
    isHeld: () => true,
    guard: () => ({ op: 'check', path: held.contender }),
    signal: never,
    release: () => held.release(),
  };
  await passes();
  expect(states()).toEqual([]);
});

test('looks again at a machine that fails, ever more rarely, and says so each time', async () => {
  await open([machine('a'), machine('b')]);
  racks.down.add('a');
  const pauses: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const again = await passes();
    pauses.push(again);
    await clock.advance(again);
  }
  expect(states()).toEqual(['b/0 ready']);
  expect(racks.checks.filter((it) => it === 'b')).toHaveLength(1);
  expect(pauses[0]).toBeLessThanOrEqual(2000);
  expect(pauses.at(-1)).toBeGreaterThan(20_000);
  expect(pauses.at(-1)).toBeLessThanOrEqual(60_000);
  expect(warnings).toHaveLength(10);
  expect(warnings[0]).toEqual({
    message: 'machine is not fit to be registered, it is tried again',
    fields: { provider: 'racks', pool: 'main', machine: 'a', port: 22, reason: 'a is down', cause: undefined },
  });
  racks.down.clear();
  await clock.advance(60_000);
  await passes();
  expect(states().sort()).toEqual(['a/0 ready', 'b/0 ready']);
});

test('a machine that cannot be reached is not offered, and its unused nodes go', async () => {
  await open([machine('a', { slots: 2 }), machine('b')]);
  await passes();
  const [first, second, third] = [...store.nodes.view().nodes.values()].sort((x, y) => (x.id < y.id ? -1 : 1));
  await store.nodes.claim(first!.id, never).then((it) => it!.writeAndRelease({ allocatedTo: '200-0000000001' }));
  racks.down.add('a');
  const offered = () => [first, second, third].map((it) => worker.offers({ ...it!, record: it!.record! }));
  expect(offered()).toEqual([true, true, true]);
  expect(await worker.reach([third!.id], never)).toBe(true);
  expect(await worker.reach([second!.id, third!.id], never)).toBe(false);
  expect(offered()).toEqual([false, false, true]);
  expect(await worker.reach(['0000009999'], never)).toBe(false);
  await passes();
  expect(states().sort()).toEqual(['a/0 ready', 'a/1 deleting', 'b/0 ready']);
});

test('what was found out under the old configuration says nothing about the new one', async () => {
  await open([machine('a'), machine('b')]);
  await passes();
  const before = racks;
  const old = worker.reach([...store.nodes.view().nodes.keys()], never);
  before.down.add('a');
  racks = new Racks([machine('a', { pythonPath: '/py' })]);
  racks.held = [];
  await old;
  await passes();
  expect(nodes().map((it) => [it.hostname, it.state, it.pythonPath])).toEqual([
    ['a', 'ready', 'auto'],
    ['b', 'deleting', 'auto'],
  ]);
  racks.held.forEach((it) => it());
  racks.held = undefined;
  await settle();
  await passes();
  expect(nodes().find((it) => it.hostname === 'a')).toMatchObject({ state: 'ready', pythonPath: '/py' });
});

test('a check that fails after the configuration has changed is forgotten', async () => {
  await open([machine('a')]);
  const before = racks;
  before.held = [];
  await pass();
  before.down.add('a');
  racks = new Racks([machine('a')]);
  before.held.forEach((it) => it());
  await settle();
  expect(warnings).toEqual([]);
  await passes();
  expect(states()).toEqual(['a/0 ready']);
});

test.each(['dropReply', 'dropRequest'] as const)('registers once after %s', async (fault) => {
  await open([machine('a', { slots: 3 })]);
  await pass();
  server[fault]({ op: 'transaction', path: /^\/nodepool\/nodes\/$/ });
  const { againInMs } = await worker.pass(never);
  expect(againInMs).toBe(60_000);
  while (nodes().length < 3) await new Promise<void>((done) => store.nodes.view().onChange(() => done()));
  await passes();
  expect(states().sort()).toEqual(['a/0 ready', 'a/1 ready', 'a/2 ready']);
  expect(await created()).toBeGreaterThanOrEqual(3);
});

test('finds nothing out about a machine in a moment in which it may have stood still itself', async () => {
  await open([machine('a')]);
  await passes();
  racks.down.add('a');
  server.suspend(zk); // as after a freeze: nothing was heard of the session for longer than its lease
  expect(await worker.reach([...store.nodes.view().nodes.keys()], never)).toBe(false);
  racks.down.delete('a');
  server.resume(zk);
  await zk.connected();
  await passes();
  expect(states()).toEqual(['a/0 ready']);
  expect(warnings).toEqual([]);
});
