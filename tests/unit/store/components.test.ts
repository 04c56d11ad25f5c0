import { COMPONENTS } from '../../../src/model/paths';
import type { Component, PoolComponent } from '../../../src/model/records';
import type { Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { never, World } from './world';

const pool: PoolComponent = {
  kind: 'pool',
  hostname: 'nl01',
  state: 'running',
  version: '1',
  modelApi: 0,
  id: 'nl01-PoolWorker.east-main-1',
  name: 'main',
  providerName: 'east',
  supportedLabels: ['small'],
  priority: 100,
  paused: false,
};
const builder: Component = { kind: 'builder', hostname: 'nb01', state: 'stopped', version: null, modelApi: 0 };

let world: World;
let zk: ZooKeeper;
let store: Store;
beforeEach(async () => {
  world = new World();
  zk = await world.connect();
  store = openStore(zk, world.tools(zk));
});
afterEach(async () => {
  await store.close();
  await world.close();
});

const stored = () => world.below(COMPONENTS);
const versionOf = async (znode: string) => (await zk.exists(`${COMPONENTS}/pool/${znode}`))?.version;

test('a registration shows in the tree, the view and a read, and goes', async () => {
  const registration = await store.components.register(pool);
  expect(registration.znode).toBe('nl010000000000');
  await registration.visible(never);
  expect(store.components.view().pools.get('nl010000000000')?.component).toEqual(pool);
  const other = await store.components.register(builder);
  expect(await store.components.read()).toEqual({
    pool: [{ znode: 'nl010000000000', component: pool }],
    launcher: [],
    builder: [{ znode: other.znode, component: builder }],
  });
  await registration.unregister();
  await registration.unregister();
  await store.components.view().settled();
  expect(store.components.view().pools.size).toBe(0);
  expect(registration.znode).toBeUndefined();
});

test('an update writes only what is new', async () => {
  const registration = await store.components.register(pool);
  await registration.update({ paused: false });
  expect(await versionOf(registration.znode!)).toBe(0);
  await Promise.all([registration.update({ paused: true }), registration.update({ supportedLabels: ['big'] })]);
  expect(JSON.parse(stored()[`pool/${registration.znode}`]!)).toMatchObject({
    paused: true,
    supported_labels: ['big'],
  });
  expect(registration.component).toMatchObject({ paused: true, supportedLabels: ['big'] });
});

test.each(['dropReply', 'dropRequest'] as const)('is made and written once after %s', async (fault) => {
  const twin = await store.components.register(pool);
  world.server[fault]({ op: 'create', path: new RegExp(COMPONENTS) });
  const registration = await store.components.register(pool);
  world.server[fault]({ op: 'set' });
  await registration.update({ paused: true });
  expect(Object.keys(stored()).filter((it) => it.startsWith('pool/'))).toEqual([
    `pool/${twin.znode}`,
    `pool/${registration.znode}`,
  ]);
  expect(await versionOf(registration.znode!)).toBe(1);
});

test('after a lost session it is there again, under a new number, with what was updated meanwhile', async () => {
  const registration = await store.components.register(pool);
  world.server.suspend(zk);
  const updated = registration.update({ paused: true });
  world.server.expire(zk);
  world.server.resume(zk);
  await updated;
  expect(registration.znode).toBe('nl010000000001');
  expect(JSON.parse(stored()['pool/nl010000000001']!)).toMatchObject({ paused: true });
  expect(Object.keys(stored()).filter((it) => it.startsWith('pool/'))).toHaveLength(1);
});

test('removed by somebody it comes back with the next change', async () => {
  const registration = await store.components.register(pool);
  await zk.delete(`${COMPONENTS}/pool/${registration.znode}`);
  await registration.update({ paused: true });
  expect(Object.keys(stored())).toContain('pool/nl010000000001');
});

test('what cannot be read is absent', async () => {
  await store.components.register(pool);
  await zk.create(`${COMPONENTS}/pool/bad0000000009`, Buffer.from('{}'));
  await zk.create(`${COMPONENTS}/pool/odd0000000009`, Buffer.from('{"kind":"builder"}'));
  const view = store.components.view();
  await view.ready();
  expect(view.pools.size).toBe(1);
  expect((await store.components.read()).pool).toHaveLength(1);
});

test('one whose session is not ours goes without us', async () => {
  const otherZk = await world.connect();
  const other = openStore(otherZk, world.tools(otherZk));
  const view = store.components.view();
  await other.components.register(pool);
  await view.settled();
  expect(view.pools.size).toBe(1);
  await other.close();
  await view.settled();
  expect(view.pools.size).toBe(0);
});
