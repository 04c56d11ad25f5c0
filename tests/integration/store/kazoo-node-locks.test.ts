import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newNode } from '../../../src/model/node-record';
import { nodeLock } from '../../../src/model/paths';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { untilSeen } from '../../../src/store/until-seen';
import type { NodeClaim, Nodes, Store } from '../../../src/store/api';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { Locker, overlaps, readBeliefs } from '../../support/lockers';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const never = new AbortController().signal;

describe("Python's locks and claims in one step", () => {
  let server: PrivateServer;
  let folder: string;
  let zk: ZooKeeper;
  let store: Store;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await emptyTreeAfterFailure(server);
    folder = await mkdtemp(join(tmpdir(), 'nodepool-kazoo-'));
    zk = await openZooKeeper({ hosts: server.hosts, timeoutSeconds: 5 }, tools);
    store = openStore(zk, tools);
    await zk.connected();
  });
  afterEach(async () => {
    await store.close();
    await zk.close();
    await rm(folder, { recursive: true });
  });

  const seed = Math.floor(systemRandom.next() * 2 ** 31);

  test(`exclude each other on a node (seed ${seed})`, async () => {
    const created = await store.nodes.create(
      newNode({ state: 'ready', provider: 'east', pool: 'main', type: ['a'], stateTime: 1 }),
      never,
    );
    await created.release();
    await zk.create('/log', Buffer.alloc(0));
    const beliefs = (name: string) => join(folder, name);
    const python = [0, 1].map((at) =>
      Locker.start('kazoo', {
        hosts: server.hosts,
        sessionTimeoutMs: 5_000,
        dir: nodeLock(created.id),
        log: '/log',
        beliefs: beliefs(`python-${at}`),
        seed: seed + at,
        holdMs: 30,
        impatience: 0.5,
      }),
    );
    try {
      await Promise.all(python.map((it) => it.said('held')));
      for (let taken = 1; taken <= 10; taken += 1) {
        const claim = await claimFree(store.nodes, created.id, taken);
        note(claim, beliefs('ours'));
        await claim.write({ az: String(taken) });
        note(claim, beliefs('ours'));
        await claim.writeAndRelease({ region: String(taken) });
      }
      await Promise.all(python.map((it) => it.said('held', 3)));
    } finally {
      const ended = await Promise.allSettled(python.map((it) => it.stop()));
      expect(ended.filter((it) => it.status === 'rejected')).toEqual([]);
    }
    expect((await store.nodes.get(created.id))?.record).toMatchObject({ slot: 10, az: '10', region: '10' });
    const all = readBeliefs(['ours', 'python-0', 'python-1'].map(beliefs));
    expect({ seed, overlaps: overlaps(all) }).toEqual({ seed, overlaps: [] });
    expect(readBeliefs([beliefs('ours')])).toHaveLength(10);
  });

  /** Tries whenever the view shows the node unlocked; Python may be quicker each time. */
  async function claimFree(nodes: Nodes, id: string, slot: number): Promise<NodeClaim> {
    const view = nodes.view();
    const free = () => [view.nodes.get(id)].find((it) => it?.locked === false);
    for (;;) {
      const claim = await nodes.claimAs(await untilSeen(view, free, never), { slot }, never);
      if (claim !== undefined) return claim;
      await view.settled();
    }
  }
});

function note(claim: NodeClaim, file: string): void {
  const before = process.hrtime.bigint();
  if (claim.isHeld()) appendFileSync(file, `${claim.fence} ${before} ${process.hrtime.bigint()}\n`);
}
