import { Fleet, configText, providerText, until, untilRequest } from './fleet';

const never = new AbortController().signal;

describe('several launchers and pools', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(() => fleet.reset());
  afterAll(() => fleet.stop());

  test('two launchers keep min-ready nodes together, not each of them', async () => {
    const peer = await fleet.peer();
    const text = configText({ minReady: { small: 3 } });
    await Promise.all([fleet.launcher(text), fleet.launcher(text)]);
    const nodes = peer.store.nodes.view();
    const requests = peer.store.requests.view();
    await requests.ready();
    await until(nodes, () => [...nodes.nodes.values()].filter((it) => it.record?.allocatedTo === null).length === 3);
    await until(requests, () => requests.requests.size === 0);
    expect(nodes.nodes.size).toBe(3);
    expect(fleet.cloud.cloud.inspect().calls).toMatchObject({ 'fake-east create-server 201': 3 });
  });

  test('share many requests: each is served once', async () => {
    const peer = await fleet.peer();
    const text = configText({ maxServers: 15 });
    await Promise.all([fleet.launcher(text), fleet.launcher(text)]);
    const submitted = await Promise.all(Array.from({ length: 15 }, () => peer.scheduler.submit({ labels: ['small'] })));
    const outcomes = await Promise.all(submitted.map((it) => peer.scheduler.await(it, never)));
    const nodes = outcomes.flatMap((it) => (it.state === 'fulfilled' ? it.record.nodes : []));
    expect(new Set(nodes).size).toBe(15);
    const view = peer.store.nodes.view();
    await view.ready();
    const launchers = new Set([...view.nodes.values()].map((it) => it.record!.launcher));
    expect(launchers.size).toBe(2);
  });

  test('a request pinned to a provider is served there, although another has the better priority', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(`${configText({ priority: 200 })}${providerText({ provider: 'fake-west', priority: 50 })}\n`);
    const request = await peer.scheduler.submit({ labels: ['small'], provider: 'fake-east' });
    const outcome = await peer.scheduler.await(request, never);
    const [id] = outcome.state === 'fulfilled' ? outcome.record.nodes : [];
    expect((await peer.store.nodes.get(id!))!.record.provider).toBe('fake-east');
    const free = await peer.scheduler.submit({ labels: ['small'], provider: 'unheard-of' });
    const other = await peer.scheduler.await(free, never);
    const [west] = other.state === 'fulfilled' ? other.record.nodes : [];
    expect((await peer.store.nodes.get(west!))!.record.provider).toBe('fake-west');
  });

  test('a paused pool of better priority lets the next one serve', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(
      `${configText({ priority: 50, maxServers: 1 })}${providerText({ provider: 'fake-west', priority: 200 })}\n`,
    );
    const first = await peer.scheduler.submit({ labels: ['small'] });
    const provider = async (request: { readonly id: string }) => {
      const outcome = await peer.scheduler.await(request, never);
      const [id] = outcome.state === 'fulfilled' ? outcome.record.nodes : [];
      return (await peer.store.nodes.get(id!))!.record.provider;
    };
    expect(await provider(first)).toBe('fake-east');
    const more = [
      await peer.scheduler.submit({ labels: ['small'] }),
      await peer.scheduler.submit({ labels: ['small'] }),
    ];
    expect(await Promise.race(more.map((it) => provider(it)))).toBe('fake-west');
  });

  test('a label that its provider refuses stops no other', async () => {
    const peer = await fleet.peer();
    const text = configText({ labels: ['small', 'broken'] }).replace(
      'name: broken, cloud-image: precise, min-ram: 1024',
      'name: broken, cloud-image: precise, flavor-name: No Such Flavor',
    );
    await fleet.launcher(text);
    const broken = await peer.scheduler.submit({ labels: ['broken'], priority: 'high' });
    const good = await peer.scheduler.submit({ labels: ['small'] });
    expect(await peer.scheduler.await(good, never)).toMatchObject({ state: 'fulfilled' });
    expect(await peer.scheduler.await(broken, never)).toMatchObject({ state: 'failed' });
  });

  test('never launches more at a time than max-concurrency says', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 0.5 });
    await fleet.launcher(configText({ maxConcurrency: 2 }));
    const view = peer.store.nodes.view();
    await view.ready();
    let most = 0;
    view.onChange(() => {
      const building = [...view.nodes.values()].filter(
        (it) => it.record?.state === 'building' && it.record.externalId !== null,
      );
      most = Math.max(most, building.length);
    });
    const submitted = await Promise.all(
      Array.from({ length: 3 }, () => peer.scheduler.submit({ labels: ['small', 'small'] })),
    );
    await Promise.all(submitted.map((it) => peer.scheduler.await(it, never)));
    expect(most).toBe(2);
  });

  test('never exceeds max-servers, also with two pools of requests that race', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText({ maxServers: 3 }));
    const view = peer.store.nodes.view();
    await view.ready();
    let most = 0;
    view.onChange(() => {
      most = Math.max(most, view.nodes.size);
    });
    const submitted = await Promise.all(Array.from({ length: 9 }, () => peer.scheduler.submit({ labels: ['small'] })));
    await Promise.all(
      submitted.map(async (it) => {
        await peer.scheduler.await(it, never);
        const nodes = await peer.scheduler.accept(it, never);
        await nodes.use();
        await nodes.markUsed();
        await nodes.release();
      }),
    );
    expect(most).toBe(3);
  });

  test('requests that can only have their nodes together do not block one another', async () => {
    const peer = await fleet.peer();
    const text = configText({ maxServers: 3 });
    await Promise.all([fleet.launcher(text), fleet.launcher(text)]);
    const submitted = await Promise.all(
      Array.from({ length: 3 }, () => peer.scheduler.submit({ labels: ['small', 'small'] })),
    );
    await Promise.all(
      submitted.map(async (it) => {
        expect(await peer.scheduler.await(it, never)).toMatchObject({ state: 'fulfilled' });
        const nodes = await peer.scheduler.accept(it, never);
        await nodes.use();
        await nodes.markUsed();
        await nodes.release();
      }),
    );
  });

  test('a cancelled request does not keep its pool paused', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText({ maxServers: 1 }));
    const first = await peer.scheduler.submit({ labels: ['small'] });
    await peer.scheduler.await(first, never);
    const waiting = await peer.scheduler.submit({ labels: ['small'] });
    await untilRequest(peer.store, waiting.id, (it, locked) => it.state === 'pending' && locked);
    const components = peer.store.components.view();
    await until(components, () => [...components.pools.values()].every((it) => it.component.paused));
    await peer.scheduler.cancel(waiting);
    await until(components, () => [...components.pools.values()].every((it) => !it.component.paused));
    const requests = peer.store.requests.view();
    await until(requests, () => requests.locks.get(waiting.id)?.contended !== true);
  });

  test('holds requests of a tenant at its limit back, and no others', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText({ top: 'tenant-resource-limits: [{tenant-name: acme, max-servers: 1}]' }));
    const first = await peer.scheduler.submit({ labels: ['small'], tenantName: 'acme' });
    const second = await peer.scheduler.submit({ labels: ['small'], tenantName: 'acme' });
    const third = await peer.scheduler.submit({ labels: ['small'], tenantName: 'other' });
    expect(await peer.scheduler.await(first, never)).toMatchObject({ state: 'fulfilled' });
    expect(await peer.scheduler.await(third, never)).toMatchObject({ state: 'fulfilled' });
    expect((await peer.store.requests.get(second.id))!.record.state).toBe('requested');
    const nodes = await peer.scheduler.accept(first, never);
    await nodes.use();
    await nodes.markUsed();
    await nodes.release();
    expect(await peer.scheduler.await(second, never)).toMatchObject({ state: 'fulfilled' });
  });
});
