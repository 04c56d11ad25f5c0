import { silentLogger } from '../../../src/runtime/log';
import { systemClock } from '../../../src/runtime/clock';
import { RawJson } from '../../../src/model/json';
import { connectScheduler, type Scheduler } from '../../../src/scheduler/scheduler';
import type { Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { forwarding } from '../../../src/zk/forwarding';
import { ScriptedLauncher } from '../../support/scripted-launcher';
import { FakeClock } from '../../support/fake-clock';
import { never, World } from '../store/world';

let world: World;
let zk: ZooKeeper;
let store: Store;
let launcherStore: Store;
let launcher: ScriptedLauncher;
let scheduler: Scheduler;

beforeEach(async () => {
  world = new World();
  zk = await world.connect();
  store = openStore(zk, world.tools(zk));
  const launcherZk = await world.connect();
  launcherStore = openStore(launcherZk, world.tools(launcherZk));
  launcher = new ScriptedLauncher(launcherStore);
  scheduler = schedulerNamed('zuul');
});
afterEach(async () => {
  await scheduler.close();
  await store.close();
  await launcherStore.close();
  expect(world.server.watches).toBe(0);
  await world.close();
});

const schedulerNamed = (name: string, on: Store = store) =>
  connectScheduler(on, { name }, { clock: systemClock, log: silentLogger });
const record = (path: string) => JSON.parse(world.below('/nodepool')[path]!) as Record<string, unknown>;
const states = (ids: readonly string[]) => ids.map((id) => record(`nodes/${id}`)['state']);

async function accepted(labels: readonly string[] = ['small']) {
  const request = await scheduler.submit({ labels });
  const ids = await launcher.fulfil(await launcher.take(request.id));
  return { request, ids, set: await scheduler.accept(request, never) };
}

describe('submitting', () => {
  test('writes what Zuul writes, and the rest at its defaults', async () => {
    const { id } = await scheduler.submit({
      labels: ['a', 'b', 'a'],
      priority: 'high',
      relativePriority: 3,
      provider: 'east',
      requestorData: { job_name: 'unit', span_info: null },
      tenantName: 'acme',
      eventId: 'e',
    });
    expect(id).toBe('100-0000000000');
    expect(record(`requests/${id}`)).toEqual({
      state: 'requested',
      state_time: expect.closeTo(Date.now() / 1000, -2) as number,
      created_time: expect.closeTo(Date.now() / 1000, -2) as number,
      node_types: ['a', 'b', 'a'],
      requestor: 'zuul',
      requestor_data: { job_name: 'unit', span_info: null },
      provider: 'east',
      relative_priority: 3,
      event_id: 'e',
      tenant_name: 'acme',
      declined_by: [],
      nodes: [],
      reuse: true,
    });
    expect((await zk.exists(`/nodepool/requests/${id}`))?.ephemeralOwner).toBe(0n);
  });

  test.each([
    ['normal', undefined, '200-'],
    ['of a paused parent’s child', 199, '199-'],
    ['low', 'low', '300-'],
  ] as const)('%s', async (_title, priority, prefix) => {
    const { id } = await scheduler.submit({ labels: ['a'], ...(priority === undefined ? {} : { priority }) });
    expect(id.startsWith(prefix)).toBe(true);
  });

  test('needs a label', async () => {
    await expect(scheduler.submit({ labels: [] })).rejects.toThrow(RangeError);
  });

  test('for the life of the session only', async () => {
    const { id } = await scheduler.submit({ labels: ['a'], lifetime: 'session' });
    expect((await zk.exists(`/nodepool/requests/${id}`))?.ephemeralOwner).toBe(zk.session!.id);
  });
});

describe('awaiting', () => {
  test.each(['fulfilled', 'failed'] as const)('resolves when %s, not at pending', async (state) => {
    const request = await scheduler.submit({
      labels: ['small'],
      requestorData: RawJson.ofText('{"n": 12345678901234567890}'),
    });
    const seen: string[] = [];
    const outcome = scheduler.await(request, never).then((it) => (seen.push(it.state), it));
    const claim = await launcher.take(request.id);
    await store.requests.view().settled();
    expect(seen).toEqual([]);
    await (state === 'failed' ? launcher.fail(claim) : launcher.fulfil(claim));
    const it = await outcome;
    expect(it).toMatchObject({ state, record: { requestorData: { text: '{"n": 12345678901234567890}' } } });
    expect(await scheduler.await(request, never)).toEqual(it);
  });

  test('tells when it is gone, before and meanwhile', async () => {
    const request = await scheduler.submit({ labels: ['small'] });
    const outcome = scheduler.await(request, never);
    await store.requests.view().settled();
    await launcherStore.requests.delete(request.id);
    expect(await outcome).toEqual({ state: 'gone' });
    expect(await scheduler.await(request, never)).toEqual({ state: 'gone' });
  });

  test('goes on over a lost link and a lost session', async () => {
    const request = await scheduler.submit({ labels: ['small'] });
    const outcome = scheduler.await(request, never);
    await store.requests.view().settled();
    world.server.suspend(zk);
    world.server.expire(zk);
    await launcher.fulfil(await launcher.take(request.id));
    world.server.resume(zk);
    expect((await outcome).state).toBe('fulfilled');
  });

  test('ends with the signal, and with the scheduler', async () => {
    const request = await scheduler.submit({ labels: ['small'] });
    const enough = new AbortController();
    const [ended, closed] = [scheduler.await(request, enough.signal), scheduler.await(request, never)];
    const both = Promise.all([
      expect(ended).rejects.toThrow('enough'),
      expect(closed).rejects.toThrow('the scheduler is closed'),
    ]);
    await store.requests.view().settled();
    enough.abort(new Error('enough'));
    await scheduler.close();
    await both;
  });
});

test('closing ends an await that has no link either', async () => {
  const request = await scheduler.submit({ labels: ['small'] });
  world.server.suspend(zk);
  const closed = expect(scheduler.await(request, never)).rejects.toThrow('the scheduler is closed');
  await scheduler.close();
  await closed;
  world.server.resume(zk);
  await expect(scheduler.await(request, never)).rejects.toThrow('the scheduler is closed');
});

describe('accepting', () => {
  test('locks all nodes in order and deletes the request', async () => {
    const { request, ids, set } = await accepted(['a', 'b', 'a']);
    expect(set.nodes.map((it) => [it.id, it.record.type])).toEqual([
      [ids[0], ['a']],
      [ids[1], ['b']],
      [ids[2], ['a']],
    ]);
    expect(await store.requests.get(request.id)).toBeUndefined();
    expect(await launcherStore.nodes.claim(ids[0]!, never)).toBeUndefined();
    expect(states(ids)).toEqual(['ready', 'ready', 'ready']);
    await set.release();
  });

  test.each([
    ['request-gone', async (id: string) => store.requests.delete(id)],
    [
      'not-fulfilled',
      async (id: string) => {
        const path = `/nodepool/requests/${id}`;
        const { data } = await zk.get(path);
        await zk.set(path, Buffer.from(data.toString().replace('"fulfilled"', '"requested"')));
      },
    ],
    ['node-gone', async (_id: string, nodes: readonly string[]) => store.nodes.remove(nodes[1]!)],
    [
      'not-allocated',
      async (_id: string, nodes: readonly string[]) => {
        const claim = (await launcherStore.nodes.claim(nodes[1]!, never))!;
        await claim.write({ allocatedTo: '200-0000009999' });
        await claim.release();
      },
    ],
  ] as const)('takes all or none: %s', async (reason, spoil) => {
    const request = await scheduler.submit({ labels: ['a', 'b'] });
    const ids = await launcher.fulfil(await launcher.take(request.id));
    await scheduler.await(request, never);
    await spoil(request.id, ids);
    await expect(scheduler.accept(request, never)).rejects.toMatchObject({ name: 'NodesUnavailableError', reason });
    expect(await store.requests.get(request.id)).toBeUndefined();
    const first = await launcherStore.nodes.claim(ids[0]!, never);
    expect(first).toBeDefined();
    await first!.release();
  });

  test.each([
    ['together, if it was awaited', true, ['ask', 'ask', 'got', 'got']],
    ['one after the other, if not', false, ['ask', 'got', 'ask', 'got']],
  ])('reads the request and its nodes %s', async (_how, isAwaited, expected) => {
    const seen: string[] = [];
    const get: ZooKeeper['get'] = async (path, options) => {
      seen.push('ask');
      const found = await zk.get(path, options);
      seen.push('got');
      return found;
    };
    const own = openStore(Object.assign(forwarding(zk), { get }), world.tools(zk));
    const mine = schedulerNamed('zuul', own);
    const request = await mine.submit({ labels: ['a'] });
    await launcher.fulfil(await launcher.take(request.id));
    if (isAwaited) await mine.await(request, never);
    const set = await mine.accept(request, never);
    expect(seen).toEqual(expected);
    await set.release();
    await mine.close();
    await own.close();
  });

  test('waits 30 s for a lock, no longer', async () => {
    const request = await scheduler.submit({ labels: ['a'] });
    const [id] = await launcher.fulfil(await launcher.take(request.id));
    const held = (await launcherStore.nodes.claim(id!, never))!;
    const clock = new FakeClock();
    const patient = openStore(zk, { ...world.tools(zk), clock });
    const accepting = schedulerNamed('zuul', patient).accept(request, never);
    const failed = expect(accepting).rejects.toMatchObject({ reason: 'lock-timeout', node: id });
    await clock.untilSleeping();
    await clock.advance(29_999);
    expect(await store.requests.get(request.id)).toBeDefined();
    await clock.advance(1);
    await failed;
    await held.release();
    await patient.close();
  });

  test('ended by its signal leaves the request to be accepted again', async () => {
    const request = await scheduler.submit({ labels: ['a'] });
    const [id] = await launcher.fulfil(await launcher.take(request.id));
    const held = (await launcherStore.nodes.claim(id!, never))!;
    const enough = new AbortController();
    const waiting = new Promise<void>((done) => {
      const view = store.nodes.view();
      const isQueued = () => [...world.server.dump().keys()].filter((it) => it.includes('__lock__')).length === 2;
      const stop = view.onChange(() => {
        if (!isQueued()) return;
        stop();
        done();
      });
    });
    const ended = expect(scheduler.accept(request, enough.signal)).rejects.toThrow('enough');
    await waiting;
    enough.abort(new Error('enough'));
    await ended;
    await held.release();
    const set = await scheduler.accept(request, never);
    await set.release();
  });
});

describe('nodes', () => {
  test('go in-use, used, and are the launcher’s', async () => {
    const { ids, set } = await accepted(['a', 'b']);
    await set.use({ project_name: 'example.org/p' });
    expect(states(ids)).toEqual(['in-use', 'in-use']);
    expect(record(`nodes/${ids[0]}`)['user_data']).toEqual({ zuul_system: 'zuul', project_name: 'example.org/p' });
    await set.markUsed();
    expect(states(ids)).toEqual(['used', 'used']);
    await set.release({ result: 'failure', job: 'acme p unit .*' });
    await set.release();
    expect(set.result).toEqual({ result: 'failure', job: 'acme p unit .*' });
    for (const id of ids) await launcher.reap(id);
    expect(Object.keys(world.below('/nodepool/nodes'))).toEqual([]);
  });

  test('in use when released are used', async () => {
    const { ids, set } = await accepted();
    await set.use();
    await set.release();
    expect(states(ids)).toEqual(['used']);
  });

  test('never used stay ready for others', async () => {
    const { ids, set } = await accepted();
    await set.markUsed();
    await set.release();
    expect(states(ids)).toEqual(['ready']);
    const claim = (await launcherStore.nodes.claim(ids[0]!, never))!;
    expect(claim.current.record.allocatedTo).not.toBeNull();
    await claim.release();
  });

  test.each([
    [{ reason: 'look', job: 'acme p unit .*', expirationSeconds: 60.5 }, 60],
    [{ reason: 'look', job: 'acme p unit .*' }, null],
    [{ reason: 'look', job: 'acme p unit .*', expirationSeconds: 0 }, null],
  ])('are held: %j', async (options, expiration) => {
    const { ids, set } = await accepted();
    await set.use();
    await set.hold(options);
    await set.release();
    expect(record(`nodes/${ids[0]}`)).toMatchObject({
      state: 'hold',
      comment: 'look',
      hold_job: 'acme p unit .*',
      hold_expiration: expiration,
      user_data: { zuul_system: 'zuul' },
    });
  });

  test('whose lock is lost abort the work, and nothing is written', async () => {
    const { ids, set } = await accepted(['a', 'b']);
    await set.use();
    const aborted = new Promise((done) => set.signal.addEventListener('abort', done));
    world.server.expire(zk);
    await aborted;
    await launcher.reap(ids[0]!); // in-use and unlocked is garbage
    await expect(set.markUsed()).rejects.toMatchObject({ name: 'ClaimLostError' });
    await set.release();
    expect(states([ids[1]!])).toEqual(['in-use']);
  });

  test('of which one is lost: the others are still returned', async () => {
    const { ids, set } = await accepted(['a', 'b']);
    await set.use();
    await launcherStore.nodes.remove(ids[0]!);
    await expect(set.markUsed()).rejects.toMatchObject({ name: 'ClaimLostError' });
    expect(states([ids[1]!])).toEqual(['used']);
    await set.release();
    expect(set.signal.aborted).toBe(true);
  });
});

describe('revising', () => {
  test('changes the order of what waits', async () => {
    const request = await scheduler.submit({ labels: ['a'] });
    expect(await scheduler.revise(request, 7)).toBe('revised');
    expect(record(`requests/${request.id}`)).toMatchObject({ relative_priority: 7, state: 'requested' });
  });

  test('is skipped while a launcher holds it, and when there is nothing to wait for', async () => {
    const request = await scheduler.submit({ labels: ['a'] });
    const claim = await launcher.take(request.id);
    expect(await scheduler.revise(request, 7)).toBe('busy');
    await claim.release();
    expect(await scheduler.revise(request, 7)).toBe('not-waiting');
    await scheduler.cancel(request);
    expect(await scheduler.revise(request, 7)).toBe('not-waiting');
    expect(Object.keys(world.below('/nodepool/requests-lock'))).toEqual([]);
  });
});

test('cancelling deletes in any state, twice too', async () => {
  const [waiting, taken] = [await scheduler.submit({ labels: ['a'] }), await scheduler.submit({ labels: ['a'] })];
  const claim = await launcher.take(taken.id);
  await scheduler.cancel(waiting);
  await scheduler.cancel(waiting);
  await scheduler.cancel(taken);
  await expect(claim.write({ state: 'fulfilled' })).rejects.toMatchObject({ reason: 'record-gone' });
  await claim.remove();
  expect(Object.keys(world.below('/nodepool/requests'))).toEqual([]);
});

test('a restarted scheduler finds its requests and goes on, and not those of others', async () => {
  const other = schedulerNamed('other');
  await other.submit({ labels: ['a'] });
  const first = await scheduler.submit({ labels: ['a'] });
  const second = await scheduler.submit({ labels: ['a'], priority: 'high' });
  await launcher.fulfil(await launcher.take(first.id));
  const zk2 = await world.connect();
  const store2 = openStore(zk2, world.tools(zk2));
  const restarted = schedulerNamed('zuul', store2);
  const own = await restarted.list();
  expect(own.map((it) => [it.id, it.state])).toEqual([
    [second.id, 'requested'],
    [first.id, 'fulfilled'],
  ]);
  expect((await restarted.await(own[1]!, never)).state).toBe('fulfilled');
  await (await restarted.accept(own[1]!, never)).release();
  await store2.close();
});
