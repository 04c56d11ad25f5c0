import { utimesSync, writeFileSync } from 'node:fs';
import { newNode } from '../../../src/model/node-record';
import { ed25519Key, rsaKey, SshMachine } from '../../support/ssh-machine';
import { Fleet, type Peer, providerText, until, untilNode, untilNodeGone, untilRequest } from './fleet';
import { slotOf, staticText, untilStock } from './static-fleet';

const never = new AbortController().signal;
const keys = [ed25519Key(), rsaKey()];

describe('a launcher with static machines', () => {
  let fleet: Fleet;
  const machines: SshMachine[] = [];
  let stamp = 2_000_000_000;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(async () => {
    await fleet.reset();
    await Promise.all(machines.splice(0).map((it) => it.stop()));
  });
  afterAll(() => fleet.stop());

  const machine = async (hostKeys = keys) => {
    const started = await SshMachine.start(hostKeys);
    machines.push(started);
    return started;
  };
  const change = (file: string, text: string) => {
    writeFileSync(file, text);
    stamp += 1;
    utimesSync(file, stamp, stamp);
  };
  const work = async (peer: Peer, request: { readonly id: string }) => {
    expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' });
    const set = await peer.scheduler.accept(request, never);
    await set.use();
    return set;
  };

  test('registers a machine, hands it out, and registers it anew in the same slot', async () => {
    const peer = await fleet.peer();
    const host = await machine();
    await fleet.launcher(staticText([{ machine: host, hostKeys: [...host.lines] }]));
    const view = peer.store.nodes.view();
    const [node] = await untilStock(view, [`${host.port}/0`]);
    const before = Date.now() / 1000;
    expect(node!.record).toEqual(
      newNode({
        provider: 'racks',
        pool: 'main',
        type: ['metal'],
        state: 'ready',
        stateTime: node!.record!.createdTime!,
        createdTime: expect.any(Number) as number,
        launcher: 'static driver',
        externalId: '127.0.0.1',
        hostname: '127.0.0.1',
        interfaceIp: '127.0.0.1',
        publicIpv4: '127.0.0.1',
        username: 'zuul',
        connectionPort: host.port,
        connectionType: 'ssh',
        pythonPath: 'auto',
        hostKeys: [...host.lines],
        attributes: { 'executor-zone': 'cellar' },
        slot: 0,
      }),
    );
    expect(before - node!.record!.createdTime!).toBeLessThan(60);
    const request = await peer.scheduler.submit({ labels: ['metal'], tenantName: 'acme' });
    const set = await work(peer, request);
    expect(set.nodes.map((it) => it.id)).toEqual([node!.id]);
    expect(set.nodes[0]!.record).toMatchObject({ tenantName: 'acme', requestor: 'zuul', allocatedTo: request.id });
    await set.release();
    await untilNodeGone(peer.store, node!.id);
    const [again] = await untilStock(view, [`${host.port}/0`]);
    expect(again!.id > node!.id).toBe(true);
    expect(again!.record).toMatchObject({ tenantName: null, userData: null, hostKeys: [...host.lines] });
  });

  test('a machine with another key, or that says nothing, is left out and holds nobody up', async () => {
    const peer = await fleet.peer();
    const [good, wrong, silent] = [await machine(), await machine(), await machine([])];
    const entries = (key: string) => [
      { machine: silent },
      { machine: wrong, hostKeys: [key] },
      { machine: good, hostKeys: [keys[1]!.line] },
    ];
    const { file } = await fleet.launcher(staticText(entries(ed25519Key().line)));
    const view = peer.store.nodes.view();
    await untilStock(view, [`${good.port}/0`]);
    await until(view, () => wrong.connections >= 2 && silent.connections >= 2 && view.nodes.size === 1);
    change(file, staticText(entries(keys[0]!.line)));
    await untilStock(view, [`${good.port}/0`, `${wrong.port}/0`]);
  });

  test('hands a machine out for as many requests as it has slots; the others wait untouched', async () => {
    const peer = await fleet.peer();
    const host = await machine();
    await fleet.launcher(staticText([{ machine: host, slots: 2 }]));
    const view = peer.store.nodes.view();
    await untilStock(view, [`${host.port}/0`, `${host.port}/1`]);
    const states: string[] = [];
    const [one, two] = await Promise.all([1, 2].map(() => peer.scheduler.submit({ labels: ['metal'] })));
    const sets = await Promise.all([work(peer, one!), work(peer, two!)]);
    const third = await peer.scheduler.submit({ labels: ['metal'] });
    const requests = peer.store.requests.view();
    requests.onChange(() => states.push(requests.requests.get(third.id)?.record?.state ?? 'gone'));
    expect(sets.flatMap((it) => it.nodes.map(({ record }) => record.slot)).sort()).toEqual([0, 1]);
    const marker = await peer.scheduler.submit({ labels: ['unheard-of'] });
    await untilRequest(peer.store, marker.id, (it) => it.state === 'failed'); // so the pool has looked at both
    expect((await peer.store.requests.get(third.id))!.version).toBe(0);
    const freed = sets[1]!.nodes[0]!.record.slot;
    await sets[1]!.release();
    const last = await work(peer, third);
    expect(last.nodes[0]!.record.slot).toBe(freed);
    expect(states.filter((it, at) => it !== states[at - 1])).toEqual(
      expect.arrayContaining(['requested', 'fulfilled', 'gone']),
    );
    await Promise.all([sets[0]!.release(), last.release()]);
    await untilStock(view, [`${host.port}/0`, `${host.port}/1`]);
  });

  test('a request for two nodes takes none while one is missing, and does not disturb the one there is', async () => {
    const peer = await fleet.peer();
    const [first, second] = [await machine(), await machine()];
    await fleet.launcher(staticText([{ machine: first }, { machine: second }]));
    const view = peer.store.nodes.view();
    await untilStock(view, [`${first.port}/0`, `${second.port}/0`]);
    const set = await work(peer, await peer.scheduler.submit({ labels: ['metal'] }));
    const pair = await peer.scheduler.submit({ labels: ['metal', 'metal'] });
    const marker = await peer.scheduler.submit({ labels: ['unheard-of'] });
    await untilRequest(peer.store, marker.id, (it) => it.state === 'failed');
    const [waiting] = await until(view, () => {
      const free = [...view.nodes.values()].filter((it) => it.record?.state === 'ready');
      return free.length === 1 && free;
    });
    expect((await peer.store.requests.get(pair.id))!.version).toBe(0);
    expect((await peer.store.nodes.get(waiting!.id))!.version).toBe(0);
    await set.release();
    expect((await work(peer, pair)).nodes.map(({ record }) => record.connectionPort).sort()).toEqual(
      [first.port, second.port].sort(),
    );
  });

  test('a machine that has gone is found out before it is handed out, and comes back when it answers', async () => {
    const peer = await fleet.peer();
    const [stays, goes] = [await machine(), await machine()];
    await fleet.launcher(staticText([{ machine: goes, extra: 'timeout: 1' }, { machine: stays }]));
    const view = peer.store.nodes.view();
    await untilStock(view, [`${goes.port}/0`, `${stays.port}/0`]);
    await goes.stop();
    const pair = await peer.scheduler.submit({ labels: ['metal', 'metal'] });
    await untilStock(view, [`${stays.port}/0`]);
    expect((await peer.store.requests.get(pair.id))!.version).toBe(0);
    const single = await work(peer, await peer.scheduler.submit({ labels: ['metal'] }));
    expect(single.nodes[0]!.record.connectionPort).toBe(stays.port);
    await goes.start();
    await single.release();
    expect((await work(peer, pair)).nodes).toHaveLength(2);
  });

  test('follows the configuration: added, changed, removed; what is in use stays until it is used up', async () => {
    const peer = await fleet.peer();
    const [kept, removed, added] = [await machine(), await machine(), await machine()];
    const before = [{ machine: kept }, { machine: removed, labels: '[metal, other]', slots: 2 }];
    const { file } = await fleet.launcher(staticText(before, ['metal', 'other']));
    const view = peer.store.nodes.view();
    const stock = await untilStock(view, [`${kept.port}/0`, `${removed.port}/0`, `${removed.port}/1`]);
    const idle = stock.find((it) => slotOf(it) === `${kept.port}/0`)!;
    const set = await work(peer, await peer.scheduler.submit({ labels: ['other'] }));
    const [used] = set.nodes;
    change(
      file,
      staticText(
        [{ machine: kept, labels: 'metal other', extra: 'python-path: /opt/py' }, { machine: added }],
        ['metal', 'other'],
      ),
    );
    await until(
      view,
      () =>
        [...view.nodes.values()].map(slotOf).sort().join() ===
        [`${kept.port}/0`, `${added.port}/0`, slotOf({ ...idle, record: used!.record })].sort().join(),
    );
    const changed = await untilNode(peer.store, idle.id, (it) => it.pythonPath === '/opt/py');
    expect(changed).toMatchObject({ type: ['metal', 'other'], slot: 0, state: 'ready' });
    expect((await peer.store.nodes.get(used!.id))!.record.state).toBe('in-use');
    await set.release();
    await untilStock(view, [`${kept.port}/0`, `${added.port}/0`]);
  });

  test('takes over the nodes of a Python launcher, also those without a slot', async () => {
    const peer = await fleet.peer();
    const host = await machine();
    const python = newNode({
      provider: 'racks',
      pool: 'main',
      type: ['metal'],
      state: 'ready',
      stateTime: 1_700_000_000,
      launcher: 'static driver',
      externalId: '127.0.0.1',
      hostname: '127.0.0.1',
      interfaceIp: '127.0.0.1',
      connectionPort: host.port,
      connectionType: 'ssh',
      pythonPath: 'auto',
      attributes: { 'executor-zone': 'cellar' },
      hostKeys: [keys[0]!.line, keys[1]!.line, keys[1]!.line], // it asks for RSA more than once
    });
    const without = await peer.store.nodes.register(python, [], never);
    const second = await peer.store.nodes.register({ ...python, slot: 1 }, [], never);
    const surplus = await peer.store.nodes.register({ ...python, slot: 1, createdTime: 5 }, [], never);
    await fleet.launcher(staticText([{ machine: host, slots: 2 }]));
    const view = peer.store.nodes.view();
    await untilNodeGone(peer.store, surplus);
    const stock = await untilStock(view, [`${host.port}/0`, `${host.port}/1`]);
    expect(stock.map((it) => [it.id, it.record!.slot])).toEqual([
      [without, 0],
      [second, 1],
    ]);
    expect((await peer.store.nodes.get(second))!.version).toBe(0);
    expect((await work(peer, await peer.scheduler.submit({ labels: ['metal'] }))).nodes).toHaveLength(1);
  });

  test('declines what wants new nodes, what no machine has, and more than there are', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(staticText([{ machine: await machine() }]));
    const hopeless = [{ labels: ['metal'], reuse: false }, { labels: ['marble'] }, { labels: ['metal', 'metal'] }];
    for (const it of hopeless) {
      const request = await peer.scheduler.submit(it);
      expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'failed' });
    }
  });

  test('whose machines are all busy lets pools of worse priority serve', async () => {
    const peer = await fleet.peer();
    const host = await machine();
    const better = staticText([{ machine: host }]).replace('driver: static', 'driver: static\n    priority: 50');
    await fleet.launcher(better + providerText({ provider: 'fake-east', labels: ['metal'], priority: 200 }));
    await untilStock(peer.store.nodes.view(), [`${host.port}/0`]);
    const first = await work(peer, await peer.scheduler.submit({ labels: ['metal'] }));
    expect(first.nodes[0]!.record.provider).toBe('racks');
    const second = await work(peer, await peer.scheduler.submit({ labels: ['metal'] }));
    expect(second.nodes[0]!.record.provider).toBe('fake-east');
    await first.release();
    const nodes = peer.store.nodes.view();
    await until(nodes, () =>
      [...nodes.nodes.values()].some((it) => it.record?.provider === 'racks' && it.record.state === 'ready'),
    );
    const third = await work(peer, await peer.scheduler.submit({ labels: ['metal'] }));
    expect(third.nodes[0]!.record.provider).toBe('racks');
  });

  test.each([0, -1])('with max-servers: %i declines everything, and keeps its nodes as they are', async (most) => {
    const peer = await fleet.peer();
    const host = await machine();
    const text = staticText([{ machine: host }]);
    await fleet.launcher(text.replace('- name: main', `- name: main\n        max-servers: ${most}`));
    const view = peer.store.nodes.view();
    const [node] = await untilStock(view, [`${host.port}/0`]);
    for (let times = 0; times < 10; times += 1) {
      const request = await peer.scheduler.submit({ labels: ['metal'] });
      expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'failed' });
    }
    await view.settled();
    expect([...view.nodes.values()]).toEqual([node]);
  });
});
