import { writeFileSync, utimesSync } from 'node:fs';
import type { PassOutcome } from '../../../src/runtime/reconcile';
import { Fleet, configText, until, untilNode, untilRequest } from './fleet';

const never = new AbortController().signal;

describe('a changed configuration', () => {
  let fleet: Fleet;
  let stamp = 2_000_000_000;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(() => fleet.reset());
  afterAll(() => fleet.stop());

  const change = (file: string, text: string) => {
    writeFileSync(file, text);
    stamp += 1;
    utimesSync(file, stamp, stamp);
  };

  test('adds and removes a label of a running pool, which keeps its id', async () => {
    const peer = await fleet.peer();
    const { file } = await fleet.launcher(configText());
    const components = peer.store.components.view();
    const before = await until(components, () => [...components.pools.values()][0]?.component);
    change(file, configText({ labels: ['small', 'big'] }));
    await until(components, () =>
      [...components.pools.values()].some((it) => it.component.supportedLabels.length === 2),
    );
    const request = await peer.scheduler.submit({ labels: ['big'] });
    expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' });
    expect([...components.pools.values()].map((it) => it.component.id)).toEqual([before.id]);
  });

  test('a removed provider finishes what it has and leaves the registry', async () => {
    const peer = await fleet.peer();
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 1.5 });
    const { file } = await fleet.launcher(configText());
    const request = await peer.scheduler.submit({ labels: ['small'] });
    const view = peer.store.nodes.view();
    await until(view, () => [...view.nodes.values()].some((it) => it.record?.externalId !== null));
    change(file, 'labels: [{name: small}]\nproviders: []\n');
    const components = peer.store.components.view();
    await until(components, () => components.fresh && components.pools.size === 0);
    expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' });
  });

  test('a removed pool gives a waiting request back, unlocked', async () => {
    const peer = await fleet.peer();
    const { file } = await fleet.launcher(configText({ maxServers: 1 }));
    await peer.scheduler.await(await peer.scheduler.submit({ labels: ['small'] }), never);
    const waiting = await peer.scheduler.submit({ labels: ['small'] });
    await untilRequest(peer.store, waiting.id, (it, locked) => it.state === 'pending' && locked);
    change(file, 'labels: [{name: small}]\nproviders: []\n');
    await untilRequest(peer.store, waiting.id, (it, locked) => it.state === 'requested' && !locked);
  });

  test('a larger limit lets the waiting request go on', async () => {
    const peer = await fleet.peer();
    const { file } = await fleet.launcher(configText({ maxServers: 1 }));
    await peer.scheduler.await(await peer.scheduler.submit({ labels: ['small'] }), never);
    const waiting = await peer.scheduler.submit({ labels: ['small'] });
    await untilRequest(peer.store, waiting.id, (it, locked) => it.state === 'pending' && locked);
    change(file, configText({ maxServers: 2 }));
    expect(await peer.scheduler.await(waiting, never)).toMatchObject({ state: 'fulfilled' });
  });

  test('a file that cannot be used leaves everything as it is', async () => {
    const peer = await fleet.peer();
    const passed: (() => void)[] = [];
    const onPass = ({ name }: PassOutcome) => {
      if (name === 'configuration') passed.splice(0).forEach((it) => it());
    };
    const { file } = await fleet.launcher(configText(), { onPass });
    change(file, 'providers: [{name: fake-east');
    await new Promise<void>((resolve) => passed.push(resolve));
    const request = await peer.scheduler.submit({ labels: ['small'] });
    const outcome = await peer.scheduler.await(request, never);
    const [id] = outcome.state === 'fulfilled' ? outcome.record.nodes : [];
    await untilNode(peer.store, id!, (it, locked) => it.state === 'ready' && !locked);
  });
});
