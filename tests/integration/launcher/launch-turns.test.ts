import type { NodeState } from '../../../src/model/records';
import { configText, type Fleet, type Peer, until, useFleet } from './fleet';

const never = new AbortController().signal;
const three = ['small', 'small', 'small'];

describe('a set that is larger than max-concurrency', () => {
  let fleet: Fleet;
  let peer: Peer;
  useFleet((it) => ({ fleet, peer } = it));

  const states = () => [...peer.store.nodes.view().nodes.values()].map((it) => it.record?.state);
  const untilStates = (...wanted: readonly NodeState[]) =>
    until(peer.store.nodes.view(), () => states().sort().join() === wanted.join());
  const servers = () => fleet.cloud.cloud.account('fake-east').servers.list().length;

  test('is there as a whole, counts as a whole, and is launched one by one, by whoever lives', async () => {
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 1 });
    const text = configText({ maxConcurrency: 1, maxServers: 3 });
    const first = await fleet.launcher(text);
    const early = await peer.scheduler.submit({ labels: three });
    await untilStates('building', 'init', 'init');
    await fleet.launcher(text);
    let most = 0;
    const stopCounting = peer.store.nodes.view().onChange(() => {
      most = Math.max(most, states().filter((it) => it === 'building').length);
    });
    await first.stop();
    const outcome = await peer.scheduler.await(early, never);
    expect(outcome).toMatchObject({ state: 'fulfilled', record: { nodes: [...peer.store.nodes.view().nodes.keys()] } });
    expect(most).toBe(1);
    stopCounting();
  });

  test('is not launched any further when its request is gone', async () => {
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 60 });
    await fleet.launcher(configText({ maxConcurrency: 1, maxServers: 3 }));
    const request = await peer.scheduler.submit({ labels: three });
    await untilStates('building', 'init', 'init');
    await peer.scheduler.cancel(request);
    await untilStates('building');
    await until(peer.store.nodes.view(), () => servers() === 1);
  });
});
