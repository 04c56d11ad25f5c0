import { newNode, parseNode } from '../../../src/model/node-record';
import { registerNode } from '../../../src/store/register-node';
import type { StoreParts } from '../../../src/store/parts';
import { never, World } from './world';

const node = newNode({
  state: 'ready',
  provider: 'racks',
  pool: 'main',
  type: ['metal'],
  stateTime: 5.25,
  externalId: 'rack1',
  launcher: 'static driver',
  slot: 0,
});

let world: World;
let parts: StoreParts;
beforeEach(async () => {
  world = new World();
  parts = await world.parts();
  await parts.zk.create('/term', Buffer.alloc(0));
});
afterEach(() => world.close());

const guard = [{ op: 'check', path: '/term' }] as const;
const register = (it = node) => registerNode(parts, it, guard, never);
const stored = () => Object.entries(world.below('/nodepool/nodes'));

test('makes one unlocked node that is complete at once', async () => {
  const id = await register();
  expect(id).toBe('0000000000');
  expect(stored().map(([path]) => path)).toEqual([id]);
  expect(parseNode(Buffer.from(stored()[0]![1]))).toEqual(node);
});

test.each(['dropReply', 'dropRequest'] as const)(
  'makes one after %s, though another slot looks much alike',
  async (fault) => {
    await register({ ...node, slot: 1 });
    world.server[fault]({ op: 'transaction', path: /^\/nodepool\/nodes\/$/ });
    expect(await register()).toMatch(/^\d{10}$/);
    expect(stored().map(([, text]) => parseNode(Buffer.from(text)).slot)).toEqual([1, 0]);
  },
);

test('knows its own again though somebody has taken it meanwhile', async () => {
  await register({ ...node, slot: 1 });
  const other = await world.connect();
  const taken = new Promise<void>((done) => {
    void other.addWatch('/nodepool/nodes', 'persistent-recursive', ({ type, path }) => {
      if (type !== 'created' || path !== '/nodepool/nodes/0000000001') return;
      const record = JSON.stringify({
        ...JSON.parse(world.below('/nodepool/nodes')['0000000001']!),
        allocated_to: '200-1',
      });
      void other.set(path, Buffer.from(record)).then(() => done());
    });
  });
  world.server.dropReply({ op: 'transaction', path: /^\/nodepool\/nodes\/$/ });
  const id = await register();
  await taken;
  expect([id, stored().length]).toEqual(['0000000001', 2]);
});

test('makes none when the guard does not hold', async () => {
  await register({ ...node, slot: 1 });
  await parts.zk.delete('/term');
  await expect(register()).rejects.toMatchObject({ code: 'NO_NODE' });
  expect(stored()).toHaveLength(1);
});

test('makes none when the guard does not hold and there is no directory yet', async () => {
  await parts.zk.delete('/term');
  await expect(register()).rejects.toMatchObject({ code: 'NO_NODE' });
  expect(stored()).toEqual([]);
});
