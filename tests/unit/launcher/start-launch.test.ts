import type { Provider } from '../../../src/drivers/driver';
import { NotFoundError } from '../../../src/drivers/errors';
import { DecisionOrder } from '../../../src/launcher/decision-order';
import { HeldNode } from '../../../src/launcher/held-node';
import { NodeCreator } from '../../../src/launcher/node-creator';
import { NodeSet } from '../../../src/launcher/node-set';
import type { PoolContext } from '../../../src/launcher/pool-context';
import { ProviderRuntime } from '../../../src/launcher/provider-runtime';
import { startLaunch } from '../../../src/launcher/start-launch';
import type { LauncherTools } from '../../../src/launcher/tools';
import { World } from '../../../src/launcher/world';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import { noSpan } from '../../../src/runtime/tracing/tracing';
import { openStore } from '../../../src/store/store';
import { ZkError } from '../../../src/zk/errors';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock } from '../../support/fake-clock';
import { node, request } from '../../support/node-facts';
import { poolConfig, providerConfig } from '../../support/provider-config';
import { Said } from '../../support/said';

const never = new AbortController().signal;
const REQUEST = '200-0000000001';

/** A cloud whose instances run at once. */
function cloud(closes: () => Promise<void>): Provider {
  const running = { externalId: 'i', name: 'i', state: 'running' as const, interfaceIp: 'fake', metadata: {} };
  return {
    name: 'fake-east',
    launch: () => Promise.resolve({ ...running, resources: {} }),
    settled: () => Promise.resolve({ ...running, resources: {} }),
    destroy: () => Promise.reject(new NotFoundError('fake-east', 'i')),
    list: () => Promise.resolve([]),
    quota: () => Promise.resolve({ limits: {} }),
    need: () => Promise.resolve({}),
    zones: () => Promise.resolve([]),
    close: closes,
  };
}

/** A node of a request that is to wait for its turn, since one launch may be under way at a time. */
async function world() {
  const clock = new FakeClock();
  const zk = new MemoryServer({ clock }).connect();
  await zk.connected();
  const parts = { clock, random: seededRandom(5), log: silentLogger };
  const store = openStore(zk, parts);
  const said = new Said();
  let closed = 0;
  let closes = () => Promise.resolve();
  const provider = cloud(() => {
    closed += 1;
    return closes();
  });
  const tools = { ...parts, log: said.log, store, env: {}, openProvider: () => provider } as unknown as LauncherTools;
  const view = new World(store, () => ({ instances: 1 }), clock);
  await view.ready(never);
  const order = new DecisionOrder(tools, view);
  const config = providerConfig({ maxConcurrency: 1 });
  const runtime = new ProviderRuntime(config, tools, {
    nodeExists: () => true,
    installation: () => undefined,
    learned: () => undefined,
    doubted: () => undefined,
    slotFree: () => undefined,
  });
  const now = new AbortController();
  const creator = new NodeCreator(tools, view, order, now.signal);
  const context = {
    ...{ id: 'pool', runtime, config: poolConfig(), world: view, tools, creator, order, now: now.signal },
    tenantLimits: () => new Map(),
    nudge: () => undefined,
  } as unknown as PoolContext;
  const claim = await store.nodes.create(node({ state: 'init', allocatedTo: REQUEST }), never);
  await view.settled(never);
  const held = new HeldNode(claim, said.log);
  const wanted = request();
  const served = { id: REQUEST, request: wanted, set: new NodeSet(wanted), span: noSpan };
  return {
    ...{ said, store, held, runtime, creator, now, zk },
    start: (label = 'small') => startLaunch(held, { label, zone: undefined, inherited: false }, served, context),
    state: async () => (await store.nodes.get(held.id))?.record.state,
    failClosing: (error: Error) => (closes = () => Promise.reject(error)),
    /** Whether nothing is in hand any more. */
    async isOver() {
      await runtime.retire().catch(() => undefined); // the test says how it ends
      return closed === 1 && runtime.activeLaunches === 0;
    },
    async close() {
      await held.release();
      view.close();
      await store.close();
      await zk.close();
    },
  };
}

let at: Awaited<ReturnType<typeof world>>;
beforeEach(async () => {
  at = await world();
});
afterEach(() => at.close());

const failures = () => at.said.messages.filter((it) => it.level !== 'info');

test('a launch waits for its turn, and leaves nothing in hand', async () => {
  expect(await at.start()).toBe('ready');
  expect(await at.state()).toBe('ready');
  expect(await at.isOver()).toBe(true);
  expect(failures()).toEqual([]);
});

test('what nobody foresaw fails the launch, and is told with node and request', async () => {
  const error = new ZkError('NO_AUTH', '/nodepool/quota');
  jest.spyOn(at.store.marks, 'read').mockRejectedValue(error);
  expect(await at.start()).toBe('failed');
  expect(await at.state()).toBe('failed');
  expect(failures()).toMatchObject([
    {
      level: 'error',
      message: 'node could not be launched',
      fields: { node: at.held.id, request: REQUEST, provider: 'fake-east', err: error },
    },
  ]);
  expect(await at.isOver()).toBe(true);
});

test('a label that has left the pool fails the launch', async () => {
  expect(await at.start('gone')).toBe('failed');
  expect(await at.state()).toBe('failed');
  expect(failures()).toMatchObject([{ level: 'error', fields: { node: at.held.id } }]);
  expect(await at.isOver()).toBe(true);
});

test.each<readonly [string, () => void | Promise<void>]>([
  ['the launcher has to go', () => at.now.abort(new Error('go'))],
  ['the node is not wanted any more', () => void at.creator.turns.leave(at.held.id)],
  [
    'its lock is taken away',
    async () => {
      const dir = `/nodepool/nodes/${at.held.id}/lock`;
      await at.zk.delete(`${dir}/${(await at.zk.children(dir)).children[0]!}`);
    },
  ],
])('a launch whose turn has not come is given up when %s, which is no failure', async (_when, happens) => {
  jest.spyOn(at.creator.turns, 'count').mockReturnValue({ launches: 1, waits: 0 }); // no room
  const launch = at.start();
  await happens();
  expect(await launch).toBe('lost');
  expect(await at.state()).toBe('init');
  expect(failures()).toEqual([]);
  expect(await at.isOver()).toBe(true);
});

test('a connection that cannot be closed does not undo a launch', async () => {
  at.failClosing(new Error('socket hang up'));
  const launch = at.start();
  await at.runtime.retire();
  expect(await launch).toBe('ready');
  expect(failures()).toMatchObject([{ level: 'warn', message: 'provider was not closed properly' }]);
});
