import { classifyPath } from '../../../src/model/path-kinds';
import { openStore } from '../../../src/store/store';
import { readTree, treeNames } from '../../support/fixture-tree';
import { putTree } from '../../support/put-tree';
import { World } from './world';

describe.each(treeNames())('%s', (name) => {
  test('is read whole, the same by views and directly, and nothing of it is broken', async () => {
    const world = new World();
    const zk = await world.connect();
    const store = openStore(zk, world.tools(zk));
    const tree = readTree(name);
    await putTree(zk, tree, { ephemeral: 'keep' });

    const views = [store.nodes.view(), store.requests.view(), store.images.view(), store.components.view()] as const;
    await Promise.all(views.map((it) => it.ready()));
    const [nodes, requests, images, components] = views;

    expect(nodes.nodes).toEqual(await store.nodes.read());
    expect(requests.requests).toEqual(await store.requests.read());
    expect(images.images).toEqual(await store.images.read());
    const read = await store.components.read();
    expect([...components.pools.values()].sort(byZnode)).toEqual(read.pool);

    const count = (kind: string) => tree.filter((it) => classifyPath(it.path).kind === kind).length;
    const builds = [...images.images.values()].flatMap((it) => [...it.builds.values()]);
    const uploads = builds.flatMap((it) => [...it.providers.values()].flatMap((one) => [...one.uploads.values()]));
    const all = [...nodes.nodes.values(), ...requests.requests.values(), ...builds, ...uploads];
    expect(all.filter((it) => it.broken !== undefined)).toEqual([]);
    expect([nodes.nodes.size, requests.requests.size, builds.length, uploads.length, requests.locks.size]).toEqual(
      ['node', 'request', 'build', 'upload', 'request-lock'].map(count),
    );
    expect(components.pools.size + components.launchers.size + components.builders.size).toBe(count('component'));
    const locked = tree.flatMap(({ path }) => {
      const it = classifyPath(path);
      return it.kind === 'contender' && it.of.kind === 'node-lock' ? [it.of.node] : [];
    });
    expect([...nodes.nodes.values()].flatMap((it) => (it.locked ? [it.id] : []))).toEqual([...new Set(locked)]);

    await store.close();
    await world.close();
  });
});

const byZnode = (one: { znode: string }, other: { znode: string }) => (one.znode < other.znode ? -1 : 1);
