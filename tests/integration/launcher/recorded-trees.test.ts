import { isZkError } from '../../../src/zk/errors';
import type { ZooKeeper } from '../../../src/zk/client';
import { canonical, readTree } from '../../support/fixture-tree';
import { advanceCounters } from '../../support/put-tree';
import { Fleet, type Peer, configText, providerText, until } from './fleet';

/** The pools of the recording (README of the trees), with cloud images instead of the recorded uploads. */
const CONFIG = [
  configText({
    labels: ['small', 'big', 'broken', 'overq'],
    minReady: { small: 1 },
    maxServers: 3,
    extra: '        node-attributes: {speed: fast, executor-zone: zone-a}',
  }),
  providerText({ provider: 'fake-west', priority: 50, maxServers: 2 }),
  '',
].join('');

/** Trees without builder-only content, in which something is under way. */
const TREES = [
  '10-request-requested-no-launcher',
  '11-components-and-min-ready-building',
  '14-node-accepted-locked-request-deleted',
  '17-node-used-unlocked',
  '18-node-deleting',
  '20-request-pending-two-nodes-building',
  '22-pool-paused-at-quota-request-pending',
  '27-node-deleting-by-command',
  '29-request-deleted-before-accept-node-deallocated',
  '32-node-aborted-quota',
  '35-request-cancelled-while-building',
  '37-before-launcher-crash',
  '38-launcher-killed-session-alive',
  '39-launcher-killed-session-expired',
];

describe('a tree recorded from Python daemons is taken over', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(() => fleet.reset());
  afterAll(() => fleet.stop());

  test.each(TREES)('%s', async (name) => {
    const peer = await fleet.peer();
    const errors: string[] = [];
    const python = await fleet.peer();
    await load(python.zk, name);
    await fleet.launcher(CONFIG, { log: errorsInto(errors) });
    await python.close(); // the recorded daemons are gone, with all their sessions' znodes
    await untilQuiet(peer);
    const requests = readTree(name).filter((it) => /^\/nodepool\/requests\/[^/]+$/.test(it.path) && !it.ephemeral);
    for (const it of requests) {
      const found = JSON.parse((await peer.zk.get(it.path)).data.toString()) as Record<string, unknown>;
      expect(Object.keys(found)).toHaveLength(13);
      expect(found['state']).toBe('fulfilled');
      const text = (await peer.zk.get(it.path)).data.toString();
      expect(opaque(text)).toEqual(opaque(it.data));
    }
    expect(errors).toEqual([]);
  });
});

/** `requestor_data` as it was written, every digit of its numbers kept. */
function opaque(text: string): unknown {
  return (JSON.parse(canonical(text)) as Record<string, unknown>)['requestor_data'];
}

async function load(zk: ZooKeeper, name: string): Promise<void> {
  const tree = readTree(name);
  for (const { path, data, ephemeral } of tree) {
    try {
      await zk.create(path, Buffer.from(data), { mode: ephemeral ? 'ephemeral' : 'persistent' });
    } catch (error) {
      if (!isZkError(error, 'NODE_EXISTS')) throw error;
    }
  }
  await advanceCounters(zk, tree);
}

/** Every request is final, every min-ready node is there, nothing is under way. */
async function untilQuiet({ store }: Peer): Promise<void> {
  const [nodes, requests] = [store.nodes.view(), store.requests.view()];
  await Promise.all([nodes.ready(), requests.ready()]);
  const isQuiet = () => {
    const records = [...nodes.nodes.values()].map((it) => it.record);
    const free = records.filter((it) => it?.state === 'ready' && it.allocatedTo === null && it.type[0] === 'small');
    const final = [...requests.requests.values()].every((it) => it.record?.state === 'fulfilled');
    const settled = [...nodes.nodes.values()].every((it) => !it.locked && ['ready', 'hold'].includes(it.record!.state));
    return final && settled && free.length >= 1;
  };
  await Promise.race([until(nodes, isQuiet), until(requests, isQuiet)]);
}

function errorsInto(errors: string[]) {
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (message: string, fields?: object) =>
      void errors.push(`${message} ${String(Object.values(fields ?? {})[0])}`),
    child: () => log,
  };
  return log;
}
