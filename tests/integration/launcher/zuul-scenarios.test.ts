import { DEFAULT_OPTIONS } from '../../../src/drivers/fake/options';
import { REQUEST_PRIORITIES } from '../../../src/model/ids';
import { requestPath } from '../../../src/model/paths';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { connectScheduler, type Submission, type SubmittedRequest } from '../../../src/scheduler/scheduler';
import { Said } from '../../support/said';
import {
  type Fleet,
  configText,
  type Peer,
  providerText,
  until,
  untilNode,
  untilNodeGone,
  untilRequest,
  useFleet,
} from './fleet';
import { served } from './fleet-steps';

const never = new AbortController().signal;

/** What Zuul may do to launchers, one by one (zuul-client.md 15), with the scheduler library in its place. */
describe('a scheduler like Zuul', () => {
  let fleet: Fleet;
  let peer: Peer;
  useFleet((it) => ({ fleet, peer } = it));

  const fulfilled = async (submission: Submission): Promise<SubmittedRequest & { nodes: readonly string[] }> => {
    const { request, record } = await served(peer, submission);
    return { ...request, nodes: record.nodes };
  };
  const untilFree = (id: string) =>
    untilNode(peer.store, id, (it, locked) => it.state === 'ready' && it.allocatedTo === null && !locked);
  const untilUnlocked = async (request: SubmittedRequest) => {
    const view = peer.store.requests.view();
    await until(view, () => view.fresh && view.locks.get(request.id)?.contended !== true);
  };

  test('hands over complete nodes, all of one pool, to whoever asked', async () => {
    await fleet.launcher(configText({ labels: ['small', 'big'] }));
    const requestorData = { build_set: 'x'.repeat(1000), job_name: 'unit', nested: [1, 2.5, null] };
    const { id, nodes } = await fulfilled({ labels: ['small', 'big', 'small'], tenantName: 'acme', requestorData });
    const records = await Promise.all(nodes.map(async (it) => (await peer.store.nodes.get(it))!.record));
    expect(records.map((it) => it.type[0])).toEqual(['small', 'big', 'small']);
    for (const it of records) {
      expect(it).toMatchObject({ state: 'ready', allocatedTo: id, tenantName: 'acme', requestor: 'zuul' });
    }
    expect(new Set(records.map((it) => `${it.provider} ${it.pool} ${it.az}`)).size).toBe(1);
    const raw = await peer.zk.get(`/nodepool/nodes/${nodes[0]}`);
    for (const key of ['cloud', 'region', 'interface_ip', 'connection_port', 'ssh_port', 'host_keys', 'attributes']) {
      expect(JSON.parse(raw.data.toString())).toHaveProperty(key);
    }
    await untilUnlocked({ id });
    const set = await peer.scheduler.accept({ id }, never);
    await set.use({ zuul_system: 'other', job: 'unit' });
    await set.markUsed();
    await set.release();
    await Promise.all(nodes.map((it) => untilNodeGone(peer.store, it)));
  });

  test('deletes the request while it waits: nothing happens', async () => {
    await fleet.launcher(configText({ maxServers: 1 }));
    await fulfilled({ labels: ['small'] });
    await untilRequest(
      peer.store,
      (await peer.scheduler.submit({ labels: ['small'] })).id,
      (it) => it.state === 'pending',
    );
    const third = await peer.scheduler.submit({ labels: ['small'] });
    await peer.scheduler.cancel(third);
    const view = peer.store.requests.view();
    await until(view, () => view.fresh && !view.requests.has(third.id));
    await untilUnlocked(third);
    expect(view.requests.size).toBe(2);
    expect(fleet.serverNames()).toHaveLength(1);
  });

  test('deletes it while nodes are launched: they become free, the lock goes, and no record comes back', async () => {
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 0.5 });
    await fleet.launcher(configText());
    const request = await peer.scheduler.submit({ labels: ['small', 'small'] });
    const nodes = peer.store.nodes.view();
    await until(nodes, () => [...nodes.nodes.values()].filter((it) => it.record?.externalId !== null).length === 2);
    await peer.scheduler.cancel(request);
    await Promise.all([...nodes.nodes.keys()].map((it) => untilFree(it)));
    await untilUnlocked(request);
    expect(await peer.zk.exists(requestPath(request.id))).toBeUndefined();
  });

  test('deletes a fulfilled request without taking the nodes: free within seconds, and taken by the next', async () => {
    await fleet.launcher(configText());
    const first = await fulfilled({ labels: ['small'] });
    await peer.scheduler.cancel(first);
    await untilFree(first.nodes[0]!);
    expect((await fulfilled({ labels: ['small'] })).nodes).toEqual(first.nodes);
  });

  test('takes nodes and gives them back unused: free, and taken by the next', async () => {
    await fleet.launcher(configText());
    const first = await fulfilled({ labels: ['small'] });
    await (await peer.scheduler.accept(first, never)).release();
    await untilFree(first.nodes[0]!);
    expect((await fulfilled({ labels: ['small'] })).nodes).toEqual(first.nodes);
  });

  test('loses its session while nodes are in use: they are deleted', async () => {
    await fleet.launcher(configText());
    const executor = await fleet.peer();
    const request = await fulfilled({ labels: ['small'] });
    const set = await executor.scheduler.accept(request, never);
    await set.use();
    await executor.zk.close();
    await untilNodeGone(peer.store, request.nodes[0]!);
  });

  test('holds nodes: one goes after its own second, the other after the age of all', async () => {
    await fleet.launcher(configText({ top: 'max-hold-age: 6' }));
    const [brief, long] = [await fulfilled({ labels: ['small'] }), await fulfilled({ labels: ['small'] })];
    for (const it of [brief, long]) {
      const set = await peer.scheduler.accept(it, never);
      await set.use();
      await set.hold({ reason: 'look', job: 'acme p j .*', ...(it === brief ? { expirationSeconds: 1 } : {}) });
      await set.release();
    }
    await untilNodeGone(peer.store, brief.nodes[0]!);
    expect((await peer.store.nodes.get(long.nodes[0]!))!.record.state).toBe('hold');
    await untilNodeGone(peer.store, long.nodes[0]!);
  });

  test('revises the order; a stale version fails, since every write of a launcher counts up', async () => {
    const [first, second] = [
      await peer.scheduler.submit({ labels: ['small'], relativePriority: 5 }),
      await peer.scheduler.submit({ labels: ['small'], relativePriority: 6 }),
    ];
    expect(await peer.scheduler.revise(second, 1)).toBe('revised');
    const stale = await peer.zk.get(requestPath(second.id));
    await fleet.launcher(configText({ maxServers: 1 }));
    expect(await peer.scheduler.await(second, never)).toMatchObject({ state: 'fulfilled' });
    expect((await peer.store.requests.get(first.id))!.record.state).not.toBe('fulfilled');
    await expect(peer.zk.set(requestPath(second.id), stale.data, stale.stat.version)).rejects.toMatchObject({
      code: 'BAD_VERSION',
    });
  });

  test('revises while a launcher has the request: told that it is busy, and nothing else', async () => {
    await fleet.launcher(configText({ maxServers: 1 }));
    await fulfilled({ labels: ['small'] });
    const waiting = await peer.scheduler.submit({ labels: ['small'] });
    const before = await untilRequest(peer.store, waiting.id, (it, locked) => it.state === 'pending' && locked);
    expect(await peer.scheduler.revise(waiting, 1)).toBe('busy');
    expect((await peer.store.requests.get(waiting.id))!.record).toEqual(before);
  });

  test('asks for what nobody has: failed, declined by every pool', async () => {
    await fleet.launcher(configText().concat(providerText({ provider: 'fake-west' }), '\n'));
    const request = await peer.scheduler.submit({ labels: ['unheard-of'] });
    const outcome = await peer.scheduler.await(request, never);
    const pools = [...(await peer.store.components.read()).pool] as readonly { component: { id?: string } }[];
    expect(outcome).toMatchObject({ state: 'failed' });
    const declinedBy = outcome.state === 'gone' ? [] : outcome.record.declinedBy;
    expect([...declinedBy].sort()).toEqual(pools.map((it) => it.component.id).sort());
  });

  test.each([
    ['that nobody knows: served by anybody', 'unheard-of', ['fake-east', 'fake-west']],
    ['that is known: served there', 'fake-west', ['fake-west']],
  ])('prefers a provider %s', async (_title, provider, allowed) => {
    await fleet.launcher(configText().concat(providerText({ provider: 'fake-west' }), '\n'));
    const { nodes } = await fulfilled({ labels: ['small'], provider });
    expect(allowed).toContain((await peer.store.nodes.get(nodes[0]!))!.record.provider);
  });

  test('files a hundred requests of all priorities: served by prefix, relative priority, sequence', async () => {
    const priorities = Object.values(REQUEST_PRIORITIES);
    const submitted = await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const [priority, relativePriority] = [priorities[at % priorities.length]!, (at * 7) % 5];
        const { id } = await peer.scheduler.submit({ labels: ['small'], priority, relativePriority });
        return { id, relativePriority };
      }),
    );
    const order = submitted
      .map(({ id, relativePriority }) => `${id.slice(0, 3)} ${relativePriority} ${id.slice(4)}`)
      .sort()
      .map((it) => `${it.slice(0, 3)}-${it.slice(6)}`);
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 0 });
    await fleet.launcher(configText({ maxServers: 1 }));
    // There is one node, so never two requests are fulfilled at once. Which of them are `pending` says less: the next waits so.
    const view = peer.store.requests.view();
    for (const id of order) {
      const isFulfilled = (it: string) => view.requests.get(it)?.record?.state === 'fulfilled';
      await until(view, () => order.some(isFulfilled));
      expect(order.filter(isFulfilled)).toEqual([id]);
      const set = await peer.scheduler.accept({ id }, never);
      await until(view, () => !isFulfilled(id));
      await set.use();
      await set.release();
    }
  });

  test('leaves out keys of later releases: served', async () => {
    await fleet.launcher(configText());
    const seed = await peer.scheduler.submit({ labels: ['unheard-of'] }); // makes the folder
    const old = { state: 'requested', state_time: 1, node_types: ['small'], requestor: 'zuul' };
    const { path } = await peer.zk.create('/nodepool/requests/200-', Buffer.from(JSON.stringify(old)), {
      mode: 'persistent-sequential',
    });
    const id = path.slice('/nodepool/requests/'.length);
    expect(await peer.scheduler.await({ id }, never)).toMatchObject({
      state: 'fulfilled',
      record: { tenantName: null, eventId: null },
    });
    await peer.scheduler.cancel(seed);
  });

  test('files what nobody can read: told once, and the others are served', async () => {
    const said = new Said();
    await fleet.launcher(configText(), { log: said.log });
    const good = { state: 'requested', state_time: 1, node_types: ['small'], requestor: 'zuul' };
    const file = async (id: string, record: object) => {
      await peer.zk.create(requestPath(id), Buffer.from(JSON.stringify(record)));
      return id;
    };
    await fulfilled({ labels: ['small'] }); // makes the folder
    const odd = await file('100-0000000100', { ...good, relative_priority: '5' });
    expect(await said.next('request cannot be read, it is left alone until its record is mended')).toMatchObject({
      request: odd,
      reason: 'relative_priority is not a number',
    });
    await fulfilled({ labels: ['small'] });
    await peer.zk.set(requestPath(odd), Buffer.from(JSON.stringify({ ...good, relative_priority: 5 })));
    expect(await peer.scheduler.await({ id: odd }, never)).toMatchObject({ state: 'fulfilled' });
    expect(said.messages.filter((it) => it.message.includes('cannot be read'))).toHaveLength(1);
  });

  test('files a request under a name of another shape: served, and nobody else is held up', async () => {
    await fleet.launcher(configText());
    await fulfilled({ labels: ['small'] });
    const record = { state: 'requested', state_time: 1, node_types: ['small'], requestor: 'zuul' };
    await peer.zk.create(requestPath('odd'), Buffer.from(JSON.stringify(record)));
    await fulfilled({ labels: ['small'] });
    expect(await peer.scheduler.await({ id: 'odd' }, never)).toMatchObject({ state: 'fulfilled' });
  });

  test('is one of two with different names: neither sees the other', async () => {
    await fleet.launcher(configText());
    const other = connectScheduler(peer.store, { name: 'other' }, { clock: systemClock, log: silentLogger });
    const [mine, theirs] = [
      await peer.scheduler.submit({ labels: ['small'] }),
      await other.submit({ labels: ['small'] }),
    ];
    await Promise.all([peer.scheduler.await(mine, never), other.await(theirs, never)]);
    expect((await peer.scheduler.list()).map((it) => it.id)).toEqual([mine.id]);
    expect((await other.list()).map((it) => it.id)).toEqual([theirs.id]);
    const [own] = (await other.list())[0]!.record.nodes;
    expect((await peer.store.nodes.get(own!))!.record.requestor).toBe('other');
    await other.close();
  });

  test('files a hundred kilobytes of its own: they come back byte for byte', async () => {
    await fleet.launcher(configText());
    const request = await peer.scheduler.submit({
      labels: ['small'],
      requestorData: { text: 'ä"\\'.repeat(25_000), float: 1.5 },
    });
    const dataOf = async () => (await peer.zk.get(requestPath(request.id))).data.toString();
    const before = /"requestor_data": ?(\{.*?\})/s.exec(await dataOf())![1];
    expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' });
    expect(/"requestor_data": ?(\{.*?\})/s.exec(await dataOf())![1]).toBe(before);
  });

  test('asks for three hundred nodes at once: served as any other; for more: failed, and nothing else suffers', async () => {
    const limits = { ...DEFAULT_OPTIONS.limits, instances: -1, cores: -1, ram: -1 };
    fleet.cloud.cloud.adjust('fake-east', { limits, 'boot-time': 0 });
    await fleet.launcher(configText({ maxServers: 1000 }));
    const labels = new Array<string>(301).fill('small');
    const tooMany = await peer.scheduler.submit({ labels });
    expect(await peer.scheduler.await(tooMany, never)).toMatchObject({ state: 'failed' });
    const { nodes } = await fulfilled({ labels: labels.slice(1) });
    expect(new Set(nodes).size).toBe(300);
  });
});
