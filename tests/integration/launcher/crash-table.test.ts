import { LauncherTap, type Strike } from '../../support/launcher-tap';
import { systemClock } from '../../../src/runtime/clock';
import { configText, Fleet, type Peer, type PoolText, until, untilNode, untilNodeGone, untilRequest } from './fleet';
import { leaveNode } from './fleet-steps';
import type { SubmittedRequest } from '../../../src/scheduler/scheduler';
import { LauncherProcess } from './launcher-process';

const never = new AbortController().signal;
/**
 * The dead session's timeout and the server's rounding are 2.5 s of it. Slow machines may take as long again and more, but what
 * no event tells has to wait for the full pass, a minute.
 */
const PROMPTLY_MS = 20_000;

interface Row {
  /** As in the table of launcher.md 24. */
  readonly title: string;
  readonly pool?: PoolText;
  readonly labels?: readonly string[];
  readonly cloud?: (fleet: Fleet) => void;
  readonly strike: Strike;
  /** What becomes of the request; `fulfilled` with all instances that ever were, unless said otherwise. */
  readonly outcome?: 'fulfilled' | 'failed';
  /** Instances that were ever asked for; the recovery boots nothing twice. */
  readonly boots?: number;
}

const write =
  (...parts: readonly RegExp[]) =>
  (request: string) =>
    parts.every((it) => it.test(request));
const state = (name: string) => new RegExp(`"state": ?"${name}"`);
const REQUEST = /\/nodepool\/requests\/\d/;
const REQUEST_LOCK = /\/nodepool\/requests-lock\/.*__lock__/s;
const NODE = /\/nodepool\/nodes\/?\d*/;
const ALLOCATED = /"allocated_to": ?"/;
const EXTERNAL_ID = /"external_id": ?"/;
/** Paths of node and lock directory, and no record. */
const isRemoval = (request: string) =>
  /\/nodes\/\d{10}\/lock/.test(request) && /\/nodes\/\d{10}(?!\/)/.test(request) && !request.includes('"state"');
const DECLINED = /"declined_by": ?\["/;

const ROWS: readonly Row[] = [
  {
    title: 'request about to be locked',
    strike: { at: write(REQUEST_LOCK), when: 'before' },
  },
  { title: 'request locked', strike: { at: write(REQUEST_LOCK), when: 'after' } },
  { title: 'pending written, no nodes', strike: { at: write(REQUEST, state('pending')), when: 'after' } },
  { title: 'node not yet created', strike: { at: write(NODE, ALLOCATED), when: 'before' } },
  { title: 'node init, not locked', strike: { at: write(NODE, ALLOCATED), when: 'after' } },
  {
    title: 'node building, no external id, no instance',
    strike: { at: write(NODE, EXTERNAL_ID), when: 'before' },
    cloud: ({ cloud }) =>
      cloud.cloud.injectFault('fake-east', { operation: 'create-server', effect: 'lost-request', times: 1 }),
  },
  {
    title: 'instance created, id not stored',
    strike: { at: write(NODE, EXTERNAL_ID), when: 'before' },
  },
  { title: 'building with external id', strike: { at: write(NODE, EXTERNAL_ID), when: 'after' } },
  {
    title: 'some nodes ready, others not begun',
    pool: { maxConcurrency: 1 },
    labels: ['small', 'small'],
    strike: { at: write(NODE, EXTERNAL_ID, state('ready')), when: 'after' },
    boots: 2,
  },
  {
    title: 'nodes ready, the request not yet fulfilled',
    labels: ['small', 'small'],
    strike: { at: write(REQUEST, state('fulfilled')), when: 'before' },
    boots: 2,
  },
  {
    title: 'fulfilled written, answer not heard',
    strike: { at: write(REQUEST, state('fulfilled')), when: 'after' },
  },
  {
    title: 'declined, write missing',
    labels: ['unheard-of'],
    strike: { at: write(REQUEST, DECLINED), when: 'before' },
    outcome: 'failed',
    boots: 0,
  },
  {
    title: 'declined, answer not heard',
    labels: ['unheard-of'],
    strike: { at: write(REQUEST, DECLINED), when: 'after' },
    outcome: 'failed',
    boots: 0,
  },
];

describe('a launcher is killed at one write, and another goes on', () => {
  let fleet: Fleet;
  let tap: LauncherTap;
  let victim: LauncherProcess | undefined;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  beforeEach(async () => {
    tap = await LauncherTap.open(fleet.server.hosts);
  });
  afterEach(async () => {
    await victim?.kill();
    victim = undefined;
    await tap.close();
    await fleet.reset();
  });
  afterAll(() => fleet.stop());

  test.each(ROWS)(
    '$title',
    async ({ pool = {}, labels = ['small'], cloud, strike, outcome = 'fulfilled', boots = 1 }) => {
      const peer = await fleet.peer();
      cloud?.(fleet);
      victim = await LauncherProcess.start(fleet, 'victim', configText(pool), tap.hosts);
      tap.arm(strike);
      const request = await peer.scheduler.submit({ labels });
      await tap.struck;
      await fleet.launcher(configText(pool));
      await victim.kill();
      const killedAt = systemClock.monotonic();
      const ended = await peer.scheduler.await(request, never);
      expect(systemClock.monotonic() - killedAt).toBeLessThan(PROMPTLY_MS);
      expect(ended).toMatchObject({ state: outcome });
      expect(bootCount(fleet)).toBe(boots);
      if (outcome === 'fulfilled') await useUp(peer, fleet, request);
    },
  );

  test.each<[string, Strike]>([
    ['instance created, id not stored', { at: write(NODE, EXTERNAL_ID), when: 'before' }],
    ['building with external id', { at: write(NODE, EXTERNAL_ID), when: 'after' }],
    ['nodes ready, the request not yet fulfilled', { at: write(REQUEST, state('fulfilled')), when: 'before' }],
  ])('%s, and the request is cancelled before anybody else has seen it: nothing is left', async (_title, strike) => {
    const peer = await fleet.peer();
    victim = await LauncherProcess.start(fleet, 'victim', configText(), tap.hosts);
    tap.arm(strike);
    const request = await peer.scheduler.submit({ labels: ['small'] });
    await tap.struck;
    await victim.kill();
    const nodes = peer.store.nodes.view();
    const id = await until(nodes, () => [...nodes.nodes.keys()][0]);
    expect(fleet.serverNames()).toHaveLength(1);
    await peer.scheduler.cancel(request);
    await fleet.launcher(configText());
    await untilNodeGone(peer.store, id);
    expect(fleet.serverNames()).toEqual([]);
    expect(peer.store.requests.view().requests.size).toBe(0);
  });
});

describe('what others have left behind is put in order', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(() => fleet.reset());
  afterAll(() => fleet.stop());

  const leavePending = async (peer: Peer, labels: readonly string[]) => {
    const request = await peer.scheduler.submit({ labels });
    const claim = (await peer.store.requests.claim(request.id, never))!;
    await claim.write({ state: 'pending' });
    await claim.release();
    return request;
  };
  const promptly = async (work: () => Promise<unknown>) => {
    const from = systemClock.monotonic();
    await work();
    expect(systemClock.monotonic() - from).toBeLessThan(PROMPTLY_MS);
  };

  test('pending without nodes: served', async () => {
    const peer = await fleet.peer();
    const request = await leavePending(peer, ['small']);
    await fleet.launcher(configText());
    await promptly(async () =>
      expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' }),
    );
  });

  test('init, never locked, of a request that lives: launched', async () => {
    const peer = await fleet.peer();
    const request = await leavePending(peer, ['small']);
    const id = await leaveNode(peer, { state: 'init', allocatedTo: request.id });
    await fleet.launcher(configText());
    await promptly(async () =>
      expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled', record: { nodes: [id] } }),
    );
  });

  test('all ready and unlocked, the request not yet fulfilled: handed over as they are', async () => {
    const peer = await fleet.peer();
    const request = await leavePending(peer, ['small', 'small']);
    const ids = [
      await leaveNode(peer, { allocatedTo: request.id }),
      await leaveNode(peer, { allocatedTo: request.id }),
    ];
    await fleet.launcher(configText());
    await promptly(async () =>
      expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled', record: { nodes: ids } }),
    );
    expect(bootCount(fleet)).toBe(0);
  });

  test('deleted, and the znode still there: removed, without a word to the cloud', async () => {
    const peer = await fleet.peer();
    const id = await leaveNode(peer, { state: 'deleted', externalId: 'gone-long-ago' });
    await fleet.launcher(configText());
    await promptly(() => untilNodeGone(peer.store, id));
    const calls = fleet.cloud.cloud.calls.latest('fake-east').filter((it) => it.operation === 'delete-server');
    expect(calls).toEqual([]);
  });

  test.each(['before', 'after'] as const)(
    'killed at the removal of a node, %s the write: nothing is left',
    async (when) => {
      const peer = await fleet.peer();
      const tap = await LauncherTap.open(fleet.server.hosts);
      const dying = await LauncherProcess.start(fleet, 'dying', configText(), tap.hosts);
      try {
        const request = await peer.scheduler.submit({ labels: ['small'] });
        await peer.scheduler.await(request, never);
        const set = await peer.scheduler.accept(request, never);
        await set.use();
        tap.arm({ at: isRemoval, when });
        await set.release();
        await tap.struck;
        await dying.kill();
        await fleet.launcher(configText());
        await untilNodeGone(peer.store, set.nodes[0]!.id);
        expect(fleet.serverNames()).toEqual([]);
      } finally {
        await dying.kill();
        await tap.close();
      }
    },
  );

  test('a request that only a pool that has died has not declined: failed', async () => {
    const peer = await fleet.peer();
    const dying = await LauncherProcess.start(fleet, 'dying', configText());
    try {
      await fleet.launcher(configText());
      const pools = peer.store.components.view();
      await until(pools, () => pools.pools.size === 2);
      dying.freeze();
      const request = await peer.scheduler.submit({ labels: ['unheard-of'] });
      await untilRequest(peer.store, request.id, (it, locked) => it.declinedBy.length === 1 && !locked);
      await dying.kill();
      const from = systemClock.monotonic();
      expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'failed' });
      expect(systemClock.monotonic() - from).toBeLessThan(PROMPTLY_MS);
    } finally {
      await dying.kill();
    }
  });

  test('a node under deletion: deleted by another, with its instance', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'delete-time': 3 });
    const dying = await LauncherProcess.start(fleet, 'dying', configText());
    try {
      const request = await peer.scheduler.submit({ labels: ['small'] });
      await peer.scheduler.await(request, never);
      const set = await peer.scheduler.accept(request, never);
      await set.use();
      await set.release();
      const { id } = set.nodes[0]!;
      await untilNode(peer.store, id, (it, locked) => it.state === 'deleting' && locked);
      await dying.kill();
      expect(await peer.store.nodes.get(id)).toBeDefined(); // the cloud takes three seconds
      await fleet.launcher(configText());
      await untilNodeGone(peer.store, id);
      expect(fleet.cloud.cloud.account('fake-east').usage).toMatchObject({ instances: 0 });
    } finally {
      await dying.kill();
    }
  });

  test('the launcher that filed min-ready requests: another keeps the number, and none too many', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 1 });
    const text = configText({ minReady: { small: 2 } });
    const dying = await LauncherProcess.start(fleet, 'dying', text);
    try {
      const nodes = peer.store.nodes.view();
      await until(nodes, () => [...nodes.nodes.values()].filter((it) => it.record?.externalId !== null).length === 2);
      await fleet.launcher(text);
      await dying.kill();
      const free = () =>
        [...nodes.nodes.values()].filter(
          (it) => it.record?.state === 'ready' && it.record.allocatedTo === null && !it.locked,
        );
      const requests = peer.store.requests.view();
      await requests.ready();
      await until(nodes, () => free().length === 2 && nodes.nodes.size === 2);
      await until(requests, () => requests.requests.size === 0);
      expect(free()).toHaveLength(2);
      expect(fleet.serverNames()).toHaveLength(2);
    } finally {
      await dying.kill();
    }
  });

  test.each([
    ['in use: deleted', true],
    ['not yet in use: freed', false],
  ])('nodes of an executor that dies, %s', async (_title, isInUse) => {
    const [peer, executor] = [await fleet.peer(), await fleet.peer()];
    await fleet.launcher(configText());
    const request = await peer.scheduler.submit({ labels: ['small'] });
    await peer.scheduler.await(request, never);
    const set = await executor.scheduler.accept(request, never);
    const { id } = set.nodes[0]!;
    if (isInUse) await set.use();
    await executor.zk.close(); // its session ends, and its locks with it
    if (isInUse) await untilNodeGone(peer.store, id);
    else await untilNode(peer.store, id, (it, locked) => it.state === 'ready' && it.allocatedTo === null && !locked);
    expect(fleet.serverNames()).toHaveLength(isInUse ? 0 : 1);
  });

  test('nodes of a provider that no launcher has: stay', async () => {
    const peer = await fleet.peer();
    const id = await leaveNode(peer, { state: 'used', provider: 'elsewhere' });
    const other = await leaveNode(peer, { state: 'used' });
    await fleet.launcher(configText());
    await untilNodeGone(peer.store, other);
    expect((await peer.store.nodes.get(id))!.record.state).toBe('used');
  });
});

/** Calls for a server that the cloud answered, whether or not anybody heard it. */
function bootCount({ cloud }: Fleet): number {
  return new Set(
    cloud.cloud.calls
      .latest('fake-east')
      .filter((it) => it.operation === 'create-server' && it.status === 201)
      .map((it) => it.subject),
  ).size;
}

/** The nodes are as good as any: locked, used, and gone with their instances. */
async function useUp({ scheduler, store }: Peer, fleet: Fleet, request: SubmittedRequest): Promise<void> {
  const set = await scheduler.accept(request, never);
  await set.use();
  await set.release();
  await Promise.all(set.nodes.map((it) => untilNodeGone(store, it.id)));
  expect(fleet.serverNames()).toEqual([]);
}
