import { openScheduler, type Scheduler } from '../../../src/index';
import { compareRequests } from '../../../src/model/ids';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { Store } from '../../../src/store/api';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { ScriptedLauncher } from '../../support/scripted-launcher';

const never = new AbortController().signal;
const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

/** zuul-client.md 15, as far as it needs no launcher of flesh and blood. */
describe('the scheduler library on a real ZooKeeper', () => {
  let server: PrivateServer;
  let zk: ZooKeeper;
  let store: Store;
  let launcher: ScriptedLauncher;
  const schedulers: Scheduler[] = [];

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
    zk = await openZooKeeper({ hosts: server.hosts }, tools);
    await zk.connected();
    store = openStore(zk, tools);
    launcher = new ScriptedLauncher(store);
  });
  afterEach(async () => {
    server.members[0]!.thaw();
    for (const it of schedulers.splice(0)) await it.close();
    for (const id of (await store.requests.read()).keys()) await store.requests.delete(id);
    for (const id of (await store.nodes.read()).keys()) await store.nodes.remove(id);
  });
  afterAll(async () => {
    await store.close();
    await zk.close();
    await server.stop();
  });

  async function open(name: string, timeoutSeconds = 5): Promise<Scheduler> {
    const scheduler = await openScheduler({ hosts: server.hosts, name, timeoutSeconds });
    schedulers.push(scheduler);
    return until(scheduler);
  }

  /** `openScheduler` does not wait for its link; the first request of these tests shall. */
  async function until(scheduler: Scheduler): Promise<Scheduler> {
    await scheduler.list();
    return scheduler;
  }

  test('[a, b, a] from submission to the end of the nodes', async () => {
    const scheduler = await open('zuul');
    const data = { build_set_uuid: 'x'.repeat(100_000), span_info: null };
    const request = await scheduler.submit({ labels: ['a', 'b', 'a'], requestorData: data, tenantName: 'acme' });
    const outcome = scheduler.await(request, never);
    const ids = await launcher.fulfil(await launcher.take(request.id));
    const final = await outcome;
    if (final.state === 'gone') throw new Error('the request is gone');
    expect([final.state, final.record.nodes, final.record.requestorData?.value()]).toEqual(['fulfilled', ids, data]);
    const set = await scheduler.accept(request, never);
    expect(set.nodes.map((it) => [it.record.type, it.record.tenantName, it.record.requestor])).toEqual(
      ['a', 'b', 'a'].map((label) => [[label], 'acme', 'zuul']),
    );
    expect(await store.requests.get(request.id)).toBeUndefined();
    await set.use({ project_name: 'p' });
    await set.release();
    for (const id of ids) await launcher.reap(id);
    expect((await store.nodes.read()).size).toBe(0);
  });

  test('a session that is lost while in use: the work is told, the nodes are garbage', async () => {
    const scheduler = await open('zuul', 2);
    const request = await scheduler.submit({ labels: ['a'] });
    const [id] = await launcher.fulfil(await launcher.take(request.id));
    const set = await scheduler.accept(request, never);
    await set.use();
    const told = new Promise((done) => set.signal.addEventListener('abort', done, { once: true }));
    server.members[0]!.freeze();
    await told;
    server.members[0]!.thaw();
    await expect(set.markUsed()).rejects.toMatchObject({ name: 'ClaimLostError' });
    const claim = (await store.nodes.claim(id!, never, 20_000))!;
    expect(claim.current.record.state).toBe('in-use');
    await claim.remove();
  });

  test('100 requests of mixed priority are told in order, and those of another system left alone', async () => {
    const [one, two] = [await open('one'), await open('two')];
    const priorities = [300, 100, 199, 200, 99];
    for (let index = 0; index < 100; index += 1) {
      const scheduler = index % 2 === 0 ? one : two;
      const priority = priorities[index % priorities.length]!;
      await scheduler.submit({ labels: ['a'], priority, relativePriority: index % 3 });
    }
    const own = await one.list();
    expect(own).toHaveLength(50);
    const queue = [...own].sort(compareRequests).map((it) => [it.id.slice(0, 3), it.record.relativePriority]);
    const sorted = [...queue].sort(([p, r], [q, s]) => String(p).localeCompare(String(q)) || Number(r) - Number(s));
    expect(queue).toEqual(sorted);
    for (const it of own) await one.cancel(it);
    expect([(await one.list()).length, (await two.list()).length]).toEqual([0, 50]);
  });

  test('revising under the lock raises the version, so that who looked before fails', async () => {
    const scheduler = await open('zuul');
    const request = await scheduler.submit({ labels: ['a'] });
    const seen = (await store.requests.read()).get(request.id)!;
    expect(await scheduler.revise(request, 5)).toBe('revised');
    expect(await store.requests.claimAs(seen, { state: 'pending' }, never)).toBeUndefined();
    const now = (await store.requests.read()).get(request.id)!;
    expect(now.record?.relativePriority).toBe(5);
    const claim = (await store.requests.claimAs(now, { state: 'pending' }, never))!;
    expect(await scheduler.revise(request, 6)).toBe('busy');
    await claim.release();
  });

  test('a request as old and new Zuuls write it, without the keys that launchers add', async () => {
    const scheduler = await open('zuul');
    const record = { state: 'requested', state_time: 1, node_types: ['a'], requestor: 'zuul', requestor_data: null };
    const { path } = await zk.create('/nodepool/requests/200-', Buffer.from(JSON.stringify(record)), {
      mode: 'persistent-sequential',
    });
    const id = path.slice('/nodepool/requests/'.length);
    const outcome = scheduler.await({ id }, never);
    await launcher.fulfil(await launcher.take(id));
    expect((await outcome).state).toBe('fulfilled');
    await (await scheduler.accept({ id }, never)).release();
  });
});
