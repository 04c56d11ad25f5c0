import { writeFileSync, utimesSync } from 'node:fs';
import { openProvider as openWithDriver } from '../../../src/drivers/open-provider';
import type { LauncherTools } from '../../../src/launcher/tools';
import type { PassOutcome } from '../../../src/runtime/reconcile';
import { Said } from '../../support/said';
import { LauncherProcess } from './launcher-process';
import { Fleet, configText, providerText, until, untilNode, untilNodeGone, untilRequest } from './fleet';

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

  test('a label that goes lets the request that waits for it fail, and the next one through', async () => {
    const peer = await fleet.peer();
    const { file } = await fleet.launcher(configText({ labels: ['small', 'big'], maxServers: 1 }));
    const first = await peer.scheduler.submit({ labels: ['small'] });
    await peer.scheduler.await(first, never);
    const waiting = await peer.scheduler.submit({ labels: ['big'] });
    await untilRequest(peer.store, waiting.id, (it, locked) => it.state === 'pending' && locked);
    const next = await peer.scheduler.submit({ labels: ['small'] });
    change(file, configText({ labels: ['small'], maxServers: 1 }));
    expect(await peer.scheduler.await(waiting, never)).toMatchObject({ state: 'failed' });
    await peer.scheduler.cancel(first); // its node is free, and as good as any
    expect(await peer.scheduler.await(next, never)).toMatchObject({ state: 'fulfilled' });
  });

  test('ages of nodes and limits of tenants are those of the new file at once', async () => {
    const peer = await fleet.peer();
    const top = (most: number, age: number) =>
      `tenant-resource-limits: [{tenant-name: acme, max-servers: ${most}}]\nmax-hold-age: ${age}`;
    const { file } = await fleet.launcher(configText({ top: top(1, 600) }));
    const submit = () => peer.scheduler.submit({ labels: ['small'], tenantName: 'acme' });
    const first = await submit();
    await peer.scheduler.await(first, never);
    const set = await peer.scheduler.accept(first, never);
    await set.hold({ reason: 'look', job: 'j' });
    await set.release();
    const waiting = await submit();
    await peer.store.requests.view().settled();
    change(file, configText({ top: top(2, 600) }));
    expect(await peer.scheduler.await(waiting, never)).toMatchObject({ state: 'fulfilled' });
    expect((await peer.store.nodes.get(set.nodes[0]!.id))!.record.state).toBe('hold');
    change(file, configText({ top: top(2, 1) }));
    await untilNodeGone(peer.store, set.nodes[0]!.id);
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

  test('max-servers below zero empties a pool: unused nodes go, those in use stay', async () => {
    const peer = await fleet.peer();
    const { file } = await fleet.launcher(configText({ maxServers: 3, minReady: { small: 2 } }));
    const request = await peer.scheduler.submit({ labels: ['small'] });
    await peer.scheduler.await(request, never);
    const nodeSet = await peer.scheduler.accept(request, never);
    const view = peer.store.nodes.view();
    const spare = () =>
      [...view.nodes.values()].filter((it) => it.record?.state === 'ready' && it.record.allocatedTo === null);
    await until(view, () => spare().length === 2);
    change(file, configText({ maxServers: -1, minReady: { small: 2 } }));
    await until(view, () => view.nodes.size === 1);
    expect([...view.nodes.keys()]).toEqual(nodeSet.nodes.map((it) => it.id));
  });

  const twoProviders = (eastServers: number, eastExtra?: string) =>
    configText({ maxServers: eastServers, ...(eastExtra === undefined ? {} : { providerExtra: eastExtra }) }) +
    `${providerText({ provider: 'fake-west' })}\n`;

  test('restarts only what has changed, and says what that is', async () => {
    const peer = await fleet.peer();
    const opened: string[] = [];
    const openProvider: LauncherTools['openProvider'] = (config, tools) => {
      opened.push(config.name);
      return openWithDriver(config, tools);
    };
    const said = new Said();
    const { file } = await fleet.launcher(twoProviders(1), { openProvider, log: said.log });
    const components = peer.store.components.view();
    await until(components, () => components.pools.size === 2);
    const before = [...components.pools.values()];
    change(file, twoProviders(2));
    expect(await said.next('configuration is reloaded')).toMatchObject({
      started: [],
      replaced: ['fake-east'],
      ended: [],
    });
    change(file, `${twoProviders(2)}\n# nothing but a remark\n`);
    expect(await said.next('configuration is reloaded')).toMatchObject({ started: [], replaced: [], ended: [] });
    expect(opened.sort()).toEqual(['fake-east', 'fake-east', 'fake-west']);
    await components.settled();
    expect([...components.pools.values()]).toEqual(before); // both pools, under the same numbers
  });

  test('of a pool needs no new answer of the cloud before requests go on', async () => {
    const peer = await fleet.peer();
    const said = new Said();
    const { file } = await fleet.launcher(twoProviders(1), { log: said.log });
    await peer.scheduler.await(await peer.scheduler.submit({ labels: ['small'], provider: 'fake-east' }), never);
    fleet.cloud.cloud.injectFault('fake-east', { operation: 'limits', effect: 'hang' });
    fleet.cloud.cloud.injectFault('fake-east', { operation: 'list-flavors', status: 503, times: 1 });
    change(file, twoProviders(2));
    await said.next('configuration is reloaded');
    const request = await peer.scheduler.submit({ labels: ['small'], provider: 'fake-east' });
    const outcome = await peer.scheduler.await(request, never);
    const [id] = outcome.state === 'fulfilled' ? outcome.record.nodes : [];
    expect((await peer.store.nodes.get(id!))!.record.provider).toBe('fake-east');
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

  test('with another chroot is refused until a restart, and says so', async () => {
    const peer = await fleet.peer();
    const launcher = await LauncherProcess.start(fleet, 'chroot', configText());
    const [host, port] = fleet.server.hosts.split(':');
    const below = (chroot: string) => {
      const servers = `zookeeper-servers: [{host: ${host}, port: ${port}${chroot}}]\nzookeeper-timeout: 2.0\n`;
      const text = servers + configText({ labels: ['small', 'big'] });
      change(fleet.writeConfig('chroot', text), text);
    };
    try {
      below(', chroot: /elsewhere');
      await launcher.untilPrinted('another chroot takes a restart');
      const components = peer.store.components.view();
      await components.settled();
      expect([...components.pools.values()][0]!.component.supportedLabels).toEqual(['small']);
      below('');
      await until(components, () => [...components.pools.values()][0]?.component.supportedLabels.length === 2);
    } finally {
      await launcher.kill();
    }
  });
});
