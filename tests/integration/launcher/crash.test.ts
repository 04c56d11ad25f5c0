import { once } from 'node:events';
import { systemClock } from '../../../src/runtime/clock';
import { Fleet, configText, until, untilNode, untilRequest } from './fleet';
import { LauncherProcess } from './launcher-process';

const never = new AbortController().signal;
/** Boot, session and the server's tick are 4 s of it; what no event tells has to wait for the full pass, a minute. */
const PROMPTLY_MS = 20_000;

describe('when a launcher dies', () => {
  let fleet: Fleet;
  const children: LauncherProcess[] = [];
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((it) => it.kill()));
    await fleet.reset();
  });
  afterAll(() => fleet.stop());

  const child = async (name: string, config: string) => {
    const it = await LauncherProcess.start(fleet, name, config);
    children.push(it);
    return it;
  };

  test('in the middle of a launch, another continues with the same instance', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 5 });
    const first = await child('first', configText());
    const request = await peer.scheduler.submit({ labels: ['small'] });
    const view = peer.store.nodes.view();
    const building = await until(view, () => [...view.nodes.values()].find((it) => it.record?.externalId !== null));
    await fleet.launcher(configText());
    await first.kill();
    expect(await peer.scheduler.await(request, never)).toMatchObject({
      state: 'fulfilled',
      record: { nodes: [building.id] },
    });
    expect(fleet.serverNames()).toEqual([`np${building.id}`]);
    expect((await peer.store.nodes.get(building.id))!.record.externalId).toBe(building.record!.externalId);
  });

  test('one of three: its requests go on as soon as its session has ended', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 1 });
    const config = configText({ maxServers: 20 });
    const [first] = await Promise.all(['first', 'second', 'third'].map((name) => child(name, config)));
    const requests = await Promise.all(
      Array.from({ length: 12 }, (_, at) => peer.scheduler.submit({ labels: at % 2 ? ['small'] : ['small', 'small'] })),
    );
    const view = peer.store.nodes.view();
    await until(view, () => view.nodes.size >= 6); // in the middle of it
    await first!.kill();
    const from = systemClock.monotonic();
    const outcomes = await Promise.all(requests.map((it) => peer.scheduler.await(it, never)));
    expect(systemClock.monotonic() - from).toBeLessThan(PROMPTLY_MS);
    expect(new Set(outcomes.map((it) => it.state))).toEqual(new Set(['fulfilled']));
    const used = outcomes.flatMap((it) => (it.state === 'fulfilled' ? it.record.nodes : []));
    expect(fleet.serverNames()).toEqual(used.map((it) => `np${it}`).sort()); // nothing was booted twice
  });

  test('before the id of the instance is written, another finds it by its name', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { latency: { 'create-server': 30 } });
    const first = await child('first', configText());
    const request = await peer.scheduler.submit({ labels: ['small'] });
    const view = peer.store.nodes.view();
    const building = await until(view, () => [...view.nodes.values()].find((it) => it.record?.state === 'building'));
    await first.kill();
    fleet.cloud.cloud.adjust('fake-east', { latency: {} });
    await fleet.launcher(configText());
    expect(await peer.scheduler.await(request, never)).toMatchObject({
      state: 'fulfilled',
      record: { nodes: [building.id] },
    });
    expect(fleet.serverNames()).toEqual([`np${building.id}`]);
  });

  test('while a request waits for room, another serves it', async () => {
    const peer = await fleet.peer();
    const first = await child('first', configText({ maxServers: 1 }));
    const blocking = await peer.scheduler.submit({ labels: ['small'] });
    await peer.scheduler.await(blocking, never);
    const waiting = await peer.scheduler.submit({ labels: ['small'] });
    await untilRequest(peer.store, waiting.id, (it, locked) => it.state === 'pending' && locked);
    await fleet.launcher(configText({ maxServers: 2 }));
    await first.kill();
    expect(await peer.scheduler.await(waiting, never)).toMatchObject({ state: 'fulfilled' });
  });

  test('a launcher frozen for longer than its session writes nothing afterwards', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 1.5 });
    const frozen = await child('frozen', configText());
    const request = await peer.scheduler.submit({ labels: ['small'] });
    const view = peer.store.nodes.view();
    const building = await until(view, () => [...view.nodes.values()].find((it) => it.record?.externalId !== null));
    const other = await fleet.launcher(configText());
    frozen.freeze();
    expect(await peer.scheduler.await(request, never)).toMatchObject({ record: { nodes: [building.id] } });
    const before = [await peer.store.nodes.get(building.id), await peer.store.requests.get(request.id)];
    await other.stop();
    const components = peer.store.components.view();
    await until(components, () => components.fresh && components.pools.size === 0);
    frozen.thaw();
    await until(components, () => components.pools.size === 1); // it is back, with a new session
    const next = await peer.scheduler.submit({ labels: ['small'] });
    expect(await peer.scheduler.await(next, never)).toMatchObject({ state: 'fulfilled' });
    expect([await peer.store.nodes.get(building.id), await peer.store.requests.get(request.id)]).toEqual(before);
  });

  test('its used node is deleted by another', async () => {
    const peer = await fleet.peer();
    const first = await child('first', configText());
    const request = await peer.scheduler.submit({ labels: ['small'] });
    await peer.scheduler.await(request, never);
    const nodes = await peer.scheduler.accept(request, never);
    await first.kill();
    await nodes.use();
    await nodes.release(); // in use and unlocked: its executor has gone
    await fleet.launcher(configText());
    const view = peer.store.nodes.view();
    await until(view, () => view.fresh && view.nodes.size === 0);
    expect(fleet.serverNames()).toEqual([]);
  });

  test('stops in order on the first signal, and leaves nothing registered', async () => {
    const peer = await fleet.peer();
    const first = await child('first', configText());
    const request = await peer.scheduler.submit({ labels: ['small'] });
    await untilRequest(peer.store, request.id, (it) => it.state === 'pending');
    expect(await first.kill('SIGTERM')).toBe(0);
    expect((await peer.store.requests.get(request.id))!.record).toMatchObject({ state: 'fulfilled' });
    expect((await peer.store.components.read()).pool).toEqual([]);
    await untilNode(peer.store, '0000000000', (it, locked) => it.state === 'ready' && !locked);
  });

  test('a launcher that loses its session goes on with what it had, as if it were another', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 4 });
    const launcher = await fleet.launcher(configText(), {}, 1);
    const request = await peer.scheduler.submit({ labels: ['small'] });
    const view = peer.store.nodes.view();
    const building = await until(view, () => [...view.nodes.values()].find((it) => it.record?.externalId !== null));
    const { lost } = launcher.zk.session!;
    const [server] = fleet.server.members;
    const ended = once(lost, 'abort');
    server!.freeze();
    await ended;
    server!.thaw();
    expect(await peer.scheduler.await(request, never)).toMatchObject({
      state: 'fulfilled',
      record: { nodes: [building.id] },
    });
    expect(fleet.serverNames()).toEqual([`np${building.id}`]);
  });
});
