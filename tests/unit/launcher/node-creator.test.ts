import { DecisionOrder } from '../../../src/launcher/decision-order';
import { NodeCreator } from '../../../src/launcher/node-creator';
import { World } from '../../../src/launcher/world';
import { silentLogger } from '../../../src/runtime/log';
import { systemClock } from '../../../src/runtime/clock';
import { seededRandom } from '../../../src/runtime/random';
import { openStore } from '../../../src/store/store';
import { MemoryServer } from '../../../src/zk/memory';
import { node } from '../../support/node-facts';

const never = new AbortController().signal;
const SPEC = { provider: 'fake-east', pool: 'main', tenant: 'acme', need: { instances: 1 } };

/** As programs open their views: records of new nodes are read a moment late, their locks show at once. */
test('what is being made counts at every moment, from the promise until the nodes are gone again', async () => {
  const zk = new MemoryServer({ clock: systemClock }).connect();
  await zk.connected();
  const tools = { clock: systemClock, random: seededRandom(3), log: silentLogger };
  const store = openStore(zk, tools, { lagMs: 20 });
  const world = new World(store, (it) => it.resources ?? {}, systemClock);
  await world.ready(never);
  const all = { ...tools, store };
  const creator = new NodeCreator(all, world, new DecisionOrder(all, world), never);
  const counts = new Set<number | undefined>();
  const count = () => world.reservations.used('fake-east', 'main').instances;
  const stop = world.onChange(() => counts.add(count()));
  const places = [world.reservations.reserve(SPEC), world.reservations.reserve(SPEC)];
  const made = await creator.create(
    {
      provider: 'fake-east',
      nodes: [node({ state: 'building', tenantName: 'acme' }), node({ state: 'building', tenantName: 'acme' })],
      places,
      scopes: ['provider fake-east'],
      maxLaunches: Infinity,
      fits: () => true,
    },
    never,
  );
  const claims = await Promise.all(made!.map((it) => it.lock()));
  await world.settled(never);
  expect([...counts, count()]).toEqual([2, 2]);
  stop();
  for (const it of claims) await it.remove();
  await world.settled(never);
  expect(count()).toBeUndefined();
  world.close();
  await store.close();
  await zk.close();
});
