import type { Config, ProviderConfig } from '../../../src/config/types';
import { DecisionOrder } from '../../../src/launcher/decision-order';
import { NodeCreator } from '../../../src/launcher/node-creator';
import type { Surroundings } from '../../../src/launcher/pool-unit';
import { Roster } from '../../../src/launcher/roster';
import type { LauncherTools } from '../../../src/launcher/tools';
import { World } from '../../../src/launcher/world';
import type { Component, PoolComponent, Resources } from '../../../src/model/records';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock } from '../../support/fake-clock';
import { node } from '../../support/node-facts';
import { poolConfig, providerConfig } from '../../support/provider-config';

const never = new AbortController().signal;
const EAST = providerConfig({ name: 'fake-east' });
const WEST = providerConfig({ name: 'fake-west' });

/** A pool may decide as soon as it is registered: whatever there is counts by then, else it fills the limits once more. */
describe('what nodes use counts before a pool begins to decide', () => {
  const clock = new FakeClock();
  const random = seededRandom(7);
  let store: Store;
  let world: World;
  let roster: Roster;
  /** Pool -> what its nodes were seen to use when it was registered. */
  const usage = new Map<string, Resources>();

  beforeEach(async () => {
    usage.clear();
    const zk = new MemoryServer({ clock }).connect();
    await zk.connected();
    store = openStore(zk, { clock, random, log: silentLogger });
    for (const provider of ['fake-east', 'fake-east', 'fake-west']) {
      await (await store.nodes.create(node({ provider }), never)).release();
    }
    await store.nodes.view().settled();
    world = new World(store, () => undefined, clock);
    await world.ready(never);
    roster = new Roster(config([]), surroundings());
  });
  afterEach(async () => {
    await roster.close();
    world.close();
    await store.close();
    await store.zk.close();
  });

  function surroundings(): Surroundings {
    const register = (component: Component) => {
      const { providerName, name } = component as PoolComponent;
      usage.set(`${providerName} ${name}`, world.reservations.used(providerName!, name!));
      return store.components.register(component);
    };
    const watched = { ...store, components: { ...store.components, view: () => store.components.view(), register } };
    const cloud = {
      need: () => Promise.resolve({ instances: 1 }),
      zones: () => Promise.resolve(['az1']),
      quota: () => Promise.resolve({ limits: {} }),
      list: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    };
    const identity = { hostname: 'nl01', fqdn: 'nl01.example.org', version: '0' };
    const tools = { clock, random, log: silentLogger, env: {}, store: watched, openProvider: () => cloud, ...identity };
    const all = tools as unknown as LauncherTools;
    const order = new DecisionOrder(all, world);
    return {
      tools: all,
      world,
      order,
      creator: new NodeCreator(all, world, order, never),
      policy: () => ({ tenantLimits: new Map() }),
      installation: () => undefined,
      now: never,
      deletions: false,
      learned: () => world.reweigh(roster.weightOf),
      inBackground: () => undefined,
    };
  }

  const config = (providers: readonly ProviderConfig[]) =>
    ({
      labels: new Map(),
      providers: new Map(providers.map((it) => [it.name, it])),
      maxHoldAge: Infinity,
      tenantLimits: new Map(),
    }) as unknown as Config;

  test('when a launcher starts', async () => {
    await roster.apply(config([EAST, WEST]));
    expect(Object.fromEntries(usage)).toEqual({
      'fake-east main': { instances: 2 },
      'fake-west main': { instances: 1 },
    });
  });

  test('when a provider and a pool come back with a new file', async () => {
    const other = poolConfig({ name: 'other', provider: 'fake-east' });
    await roster.apply(config([{ ...EAST, pools: new Map([['other', other]]) }]));
    expect(world.reservations.used('fake-east')).toEqual({});
    usage.clear();
    await roster.apply(config([EAST, WEST]));
    expect(Object.fromEntries(usage)).toEqual({
      'fake-east main': { instances: 2 },
      'fake-west main': { instances: 1 },
    });
  });

  test('and no longer, once the file does not name their pool', async () => {
    await roster.apply(config([EAST, WEST]));
    await roster.apply(config([EAST]));
    expect([world.reservations.used('fake-east'), world.reservations.used('fake-west')]).toEqual([
      { instances: 2 },
      {},
    ]);
  });
});
