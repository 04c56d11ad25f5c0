import type { Instance } from '../../../src/drivers/driver';
import { NotFoundError } from '../../../src/drivers/errors';
import { deleteNode } from '../../../src/launcher/delete-node';
import { ProviderRuntime } from '../../../src/launcher/provider-runtime';
import type { LauncherTools } from '../../../src/launcher/tools';
import type { Node } from '../../../src/model/records';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock } from '../../support/fake-clock';
import { node } from '../../support/node-facts';
import { providerConfig } from '../../support/provider-config';

const never = new AbortController().signal;

describe('deleting a node', () => {
  const clock = new FakeClock();
  const random = seededRandom(5);
  let store: Store;

  beforeEach(async () => {
    const zk = new MemoryServer({ clock }).connect();
    await zk.connected();
    store = openStore(zk, { clock, random, log: silentLogger });
    await store.nodes.view().ready();
  });
  afterEach(async () => {
    await store.close();
    await store.zk.close();
  });

  /** A node that somebody has left, and a cloud with these instances of it. */
  async function leave(changes: Partial<Node>, states: readonly Instance['state'][] = []) {
    const claim = await store.nodes.create(node(changes), never);
    await claim.release();
    await store.nodes.view().settled();
    const metadata = { nodepool_node_id: claim.id, nodepool_provider_name: 'fake-east' };
    const boot = (state: Instance['state'], at: number): Instance => {
      return { externalId: `i${at}`, name: `np${claim.id}`, state, metadata, resources: {} };
    };
    const cloud = {
      instances: states.map(boot),
      looks: 0,
      list: () => {
        cloud.looks += 1;
        return Promise.resolve(cloud.instances);
      },
      destroyed: [] as unknown[],
      destroy: (id: string) => {
        cloud.destroyed.push(id);
        cloud.instances = cloud.instances.filter((it) => it.externalId !== id);
        return Promise.reject(new NotFoundError('fake-east', id));
      },
      boot: () => void cloud.instances.push(boot('starting', 9)),
    };
    const tools = { clock, random, log: silentLogger, env: {}, store, openProvider: () => cloud } as unknown;
    const runtime = new ProviderRuntime(providerConfig(), tools as LauncherTools, {
      nodeExists: () => true,
      installation: () => undefined,
      learned: () => undefined,
      doubted: () => undefined,
      slotFree: () => undefined,
    });
    const run = () => deleteNode(claim.id, runtime, tools as LauncherTools, never, () => true);
    return { cloud, run, isThere: async () => (await store.nodes.get(claim.id)) !== undefined };
  }

  test('with an id: its instance goes, and nothing is listed', async () => {
    const it = await leave({ state: 'used', externalId: 'i0' }, ['running']);
    expect(await it.run()).toBe(true);
    expect(it.cloud).toMatchObject({ destroyed: ['i0'], looks: 0 });
    expect(await it.isThere()).toBe(false);
  });

  test('without one, its launch ended: what the cloud shows goes, also what is on its way out', async () => {
    const it = await leave({ state: 'aborted' }, ['failed', 'deleting']);
    expect(await it.run()).toBe(true);
    expect(it.cloud).toMatchObject({ destroyed: ['i0', 'i1'], looks: 1 });
  });

  test.each(['building', 'deleting'] as const)(
    'without one, left in state %s: an instance that shows later goes as well, and the record only then',
    async (state) => {
      const it = await leave({ state });
      const done = it.run();
      await clock.untilSleeping(2); // the limit of the deletion, and the pause
      expect(it.cloud.looks).toBe(1);
      it.cloud.boot();
      expect(await it.isThere()).toBe(true);
      await clock.advance(5000);
      expect(await done).toBe(true);
      expect(it.cloud).toMatchObject({ destroyed: ['i9'], looks: 2 });
      expect(await it.isThere()).toBe(false);
    },
  );

  test('in `init`: no instance was asked for, and the cloud is not either', async () => {
    const it = await leave({ state: 'init' });
    expect(await it.run()).toBe(true);
    expect(it.cloud.looks).toBe(0);
  });
});
