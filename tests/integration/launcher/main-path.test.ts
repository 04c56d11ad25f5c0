import { Fleet, configText, providerText, until, untilNode, untilNodeGone, untilRequest } from './fleet';
import { served } from './fleet-steps';

const never = new AbortController().signal;

describe('a launcher with a simulated cloud', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(() => fleet.reset());
  afterAll(() => fleet.stop());

  test('serves a request: node launched, handed over, used and deleted', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText());
    const request = await peer.scheduler.submit({ labels: ['small'], tenantName: 'acme', requestorData: { a: 1 } });
    const outcome = await peer.scheduler.await(request, never);
    expect(outcome.state).toBe('fulfilled');
    const nodes = await peer.scheduler.accept(request, never);
    const id = nodes.nodes[0]!.id;
    const node = (await peer.store.nodes.get(id))!.record;
    expect(node).toMatchObject({
      state: 'ready',
      provider: 'fake-east',
      pool: 'main',
      type: ['small'],
      allocatedTo: request.id,
      tenantName: 'acme',
      requestor: 'zuul',
      interfaceIp: 'fake',
      hostKeys: ['ssh-rsa FAKEKEY'],
      connectionPort: 22,
      connectionType: 'ssh',
      imageId: 'precise',
      username: 'admin',
      resources: { instances: 1, cores: 4, ram: 8192 },
    });
    await nodes.use({ project_name: 'example.org/project' });
    await nodes.markUsed();
    await nodes.release();
    await untilNodeGone(peer.store, id);
  });

  test('hands a ready node over without launching', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText({ minReady: { small: 1 } }));
    const view = peer.store.nodes.view();
    const free = await until(view, () =>
      [...view.nodes.values()].find(
        (it) => it.record?.state === 'ready' && it.record.allocatedTo === null && !it.locked,
      ),
    );
    const { request, record } = await served(peer, { labels: ['small'], tenantName: 'acme' });
    expect(record.nodes).toEqual([free.id]);
    const node = (await peer.store.nodes.get(free.id))!.record;
    expect(node).toMatchObject({ allocatedTo: request.id, tenantName: 'acme', requestor: 'zuul', state: 'ready' });
    const [ofRequest, ofNode] = await Promise.all(
      [`/nodepool/requests-lock/${request.id}`, `/nodepool/nodes/${free.id}/lock`].map((it) =>
        peer.store.zk.exists(it),
      ),
    );
    expect(ofNode!.czxid).toBe(ofRequest!.czxid); // both locks were taken in one transaction
  });

  test('keeps the order of the labels, duplicates included', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText({ labels: ['small', 'big'] }));
    const { record } = await served(peer, { labels: ['small', 'big', 'small'] });
    const nodes = await Promise.all(record.nodes.map((it) => peer.store.nodes.get(it)));
    expect(nodes.map((it) => it!.record.type)).toEqual([['small'], ['big'], ['small']]);
    expect(new Set(nodes.map((it) => it!.record.az)).size).toBe(1);
  });

  test('fails what nobody offers, after every pool has declined', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(
      configText({ top: '', labels: ['small'] }).concat(providerText({ provider: 'fake-west', maxServers: 0 }), '\n'),
    );
    const request = await peer.scheduler.submit({ labels: ['unheard-of'] });
    const outcome = await peer.scheduler.await(request, never);
    expect(outcome).toMatchObject({ state: 'failed' });
    const pools = (await peer.store.components.read()).pool as readonly { component: { id?: string } }[];
    const declinedBy = outcome.state === 'gone' ? [] : outcome.record.declinedBy;
    expect([...declinedBy].sort()).toEqual(pools.map((it) => it.component.id).sort());
  });

  test('releases a cancelled request at once and leaves its node free', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 0.5 });
    await fleet.launcher(configText());
    const request = await peer.scheduler.submit({ labels: ['small'] });
    const nodes = peer.store.nodes.view();
    const building = await until(nodes, () => [...nodes.nodes.values()].find((it) => it.record?.externalId !== null));
    await peer.scheduler.cancel(request);
    const requests = peer.store.requests.view();
    await until(requests, () => requests.locks.get(request.id)?.contended === false);
    await untilNode(
      peer.store,
      building.id,
      (it, locked) => it.state === 'ready' && it.allocatedTo === null && !locked,
    );
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 0.02 });
  });

  test('pauses at the limit, and goes on when a node has gone', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText({ maxServers: 1 }));
    const first = await served(peer, { labels: ['small'] });
    const used = await peer.scheduler.accept(first.request, never);
    const second = await peer.scheduler.submit({ labels: ['small'] });
    await untilRequest(peer.store, second.id, (it, locked) => it.state === 'pending' && locked);
    const components = peer.store.components.view();
    await until(components, () => [...components.pools.values()].some((it) => it.component.paused));
    await used.use();
    await used.markUsed();
    await used.release();
    expect(await peer.scheduler.await(second, never)).toMatchObject({ state: 'fulfilled' });
    await until(components, () => [...components.pools.values()].every((it) => !it.component.paused));
  });

  test('purges one unused node to make room', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText({ labels: ['small', 'big'], maxServers: 2, minReady: { small: 2 } }));
    const view = peer.store.nodes.view();
    await until(view, () => [...view.nodes.values()].filter((it) => it.record?.allocatedTo === null).length === 2);
    const { record } = await served(peer, { labels: ['big'] });
    expect(record.nodes).toHaveLength(1);
    await view.settled();
    const free = [...view.nodes.values()].filter(
      (it) => it.record?.state === 'ready' && it.record.allocatedTo === null,
    );
    expect(free).toHaveLength(1);
  });

  test('keeps a held node until its time is over', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText());
    const { request } = await served(peer, { labels: ['small'] });
    const nodes = await peer.scheduler.accept(request, never);
    await nodes.use();
    await nodes.hold({ reason: 'look', job: 'acme project job .*', expirationSeconds: 1 });
    const id = nodes.nodes[0]!.id;
    expect((await peer.store.nodes.get(id))!.record.state).toBe('hold');
    await nodes.release();
    await untilNodeGone(peer.store, id);
  });

  test('declines after a node has failed for good, and frees the good ones', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.injectFault('fake-east', { operation: 'create-server', effect: 'boot-error', times: 1 });
    await fleet.launcher(configText({ providerExtra: '    launch-retries: 1' }));
    const request = await peer.scheduler.submit({ labels: ['small', 'small'] });
    expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'failed' });
    const view = peer.store.nodes.view();
    await until(view, () => {
      const records = [...view.nodes.values()].map((it) => it.record);
      return records.length === 1 && records[0]?.state === 'ready' && records[0].allocatedTo === null;
    });
  });

  test('tries again under another name when an attempt failed', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.injectFault('fake-east', { operation: 'create-server', effect: 'boot-error', times: 2 });
    await fleet.launcher(configText());
    const { record } = await served(peer, { labels: ['small'] });
    const [id] = record.nodes;
    expect(fleet.serverNames()).toEqual([`np${id}-3`]);
  });

  test('waits and launches anew when the cloud is full', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.injectFault('fake-east', {
      operation: 'create-server',
      effect: 'error',
      status: 403,
      message: 'Quota exceeded for something',
      times: 1,
    });
    await fleet.launcher(configText());
    const { record } = await served(peer, { labels: ['small'] });
    expect(fleet.serverNames()).toEqual([`np${record.nodes[0]}`]);
    expect(record.declinedBy).toEqual([]);
  });
});
