import { startExplaining } from '../../../src/launcher/explain';
import type { PoolContext } from '../../../src/launcher/pool-context';
import type { PoolWorker } from '../../../src/launcher/pool-worker';
import type { LauncherTools } from '../../../src/launcher/tools';
import { World } from '../../../src/launcher/world';
import { REQUESTS } from '../../../src/model/paths';
import { newRequest } from '../../../src/model/request-record';
import { askLaunchers } from '../../../src/store/questions';
import { openStore } from '../../../src/store/store';
import { forwarding } from '../../../src/zk/forwarding';
import { never, World as Servers } from '../store/world';

/** What a pool is asked for by whoever explains. */
const pool = (tools: object) => ({
  worker: { serves: () => false, notes: new Map() } as unknown as PoolWorker,
  context: {
    id: 'pool-1',
    runtime: { config: { name: 'east' } },
    config: { name: 'main' },
    tools,
  } as unknown as PoolContext,
});

test('a request that the launcher has not seen yet is explained, too: who asks has seen it', async () => {
  const servers = new Servers();
  const zk = await servers.connect();
  const late: (() => void)[] = [];
  const slow = {
    ...forwarding(zk),
    addWatch: ((path, mode, watcher, options) =>
      zk.addWatch(
        path,
        mode,
        path === REQUESTS ? (it) => late.push(() => watcher(it)) : watcher,
        options,
      )) as typeof zk.addWatch,
    sync: (async (path, options) => {
      await zk.sync(path, options);
      for (const it of late.splice(0)) it(); // events of what was written before come before the answer
    }) as typeof zk.sync,
  };
  Object.defineProperties(slow, { state: { get: () => zk.state }, session: { get: () => zk.session } });
  const store = openStore(slow, servers.tools(slow));
  const tools = { ...servers.tools(slow), store } as unknown as LauncherTools;
  const world = new World(store, () => undefined, tools.clock);
  await world.ready(never);
  const explaining = startExplaining(() => [pool(tools)], world, tools);

  const asker = await servers.connect();
  const others = openStore(asker, servers.tools(asker));
  const request = newRequest({ nodeTypes: ['small'], requestor: 'me', stateTime: 5 });
  const id = await others.requests.create(request, 200, 'persistent');
  const answers = await askLaunchers(servers.tools(asker), id, (it) => it.length > 0, 60_000, never);
  expect(answers).toMatchObject([[{ pool: 'pool-1', provider: 'east', reason: 'not-looked-at-yet' }]]);

  await explaining.close();
  world.close();
  await store.close();
  await others.close();
  await servers.close();
});
