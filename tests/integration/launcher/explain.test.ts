import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { askWhy } from '../../../src/store/explain-request';
import { eventually } from '../../support/eventually';
import { KazooPeer } from '../../support/kazoo-peer';
import { ed25519Key, SshMachine } from '../../support/ssh-machine';
import {
  configText,
  type Fleet,
  type Peer,
  providerText,
  until,
  untilNode,
  untilNodeGone,
  untilRequest,
  useFleet,
} from './fleet';
import { staticText, untilStock } from './static-fleet';

const never = new AbortController().signal;
const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

/** What launchers say of requests that wait, against what really keeps them and for how long. */
describe('whoever asks why a request waits', () => {
  let fleet: Fleet;
  let peer: Peer;
  useFleet((it) => ({ fleet, peer } = it));

  const submit = (labels: readonly string[], more: object = {}) => peer.scheduler.submit({ labels, ...more });
  const used = async (labels: readonly string[], more: object = {}) => {
    const request = await submit(labels, more);
    expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' });
    const set = await peer.scheduler.accept(request, never);
    await set.use();
    return set;
  };
  const why = async (request: { readonly id: string }) =>
    (await askWhy(peer.store, tools, request.id, never))!.pools.toSorted((one, other) =>
      String(one.provider) < String(other.provider) ? -1 : 1,
    );
  /** Until the launcher says so: it may not have looked at the request yet. */
  const says = async (request: { readonly id: string }, ...lines: readonly string[]) => {
    let last: readonly string[] = [];
    const line = async () => {
      last = (await why(request)).map(({ status, reason, detail }) =>
        [status, reason, detail].filter((it) => it !== null).join(' '),
      );
      return last;
    };
    const deadline = systemClock.monotonic() + 40_000;
    await eventually(async () => (await line()).join() === lines.join() || systemClock.monotonic() > deadline);
    expect(last).toEqual(lines);
  };

  test('hears of limits: of a tenant, of the pool, of launches at a time', async () => {
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 0 });
    const limits = 'tenant-resource-limits: [{tenant-name: acme, max-servers: 1}]';
    await fleet.launcher(configText({ maxServers: 3, maxConcurrency: 1, top: limits, labels: ['small', 'big'] }));
    await used(['small'], { tenantName: 'acme' });
    await says(await submit(['small'], { tenantName: 'acme' }), 'waiting tenant-limit instances');
    await used(['small']);
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 600 });
    const launching = await submit(['big']);
    await untilRequest(peer.store, launching.id, (it) => it.state === 'pending');
    await says(launching, 'serving launching 0000000002 building');
    await says(await submit(['big']), 'waiting max-concurrency');
  });

  test('hears of a cloud that is full, and of one that says nothing', async () => {
    const full = { operation: 'create-server', effect: 'error', status: 403, message: 'Quota exceeded' } as const;
    fleet.cloud.cloud.injectFault('fake-east', full);
    fleet.cloud.cloud.injectFault('fake-west', { operation: '*', effect: 'error', status: 503 });
    const west = providerText({ provider: 'fake-west', labels: ['big'] });
    await fleet.launcher(configText().replace('labels:', 'labels:\n  - {name: big, min-ready: 0}').concat(west, '\n'));
    const [refused, unknown] = [await submit(['small']), await submit(['big'])];
    await says(refused, 'waiting cloud-is-full', 'left taken-by-another');
    await says(unknown, 'left another-pool-has-the-labels', 'waiting limits-not-known-yet');
  });

  test('hears which pool is to serve it: the preferred one, a better one, one of Python that has not declined', async () => {
    const python = await KazooPeer.start(fleet.server.hosts);
    try {
      await python.do('register', { provider: 'elsewhere', labels: ['small'], priority: 1 });
      await fleet.launcher(configText().concat(providerText({ provider: 'fake-west', maxServers: 0 }), '\n'));
      await says(
        await submit(['small']),
        'unknown no-answer',
        'left pool-of-better-priority-serves-it',
        'left pool-of-better-priority-serves-it',
      );
      await says(
        await submit(['small'], { provider: 'elsewhere' }),
        'unknown no-answer',
        'left preferred-provider-serves-it',
        'left preferred-provider-serves-it',
      );
    } finally {
      await python.stop();
    }
  });

  test('hears that all machines are busy', async () => {
    const machine = await SshMachine.start([ed25519Key()]);
    try {
      await fleet.launcher(staticText([{ machine }]));
      await untilStock(peer.store.nodes.view(), [`${machine.port}/0`]);
      await used(['metal']);
      await says(await submit(['metal']), 'waiting machines-are-busy');
    } finally {
      await machine.stop();
    }
  });

  test('is told when nodes will be there, from what the last ones took', async () => {
    fleet.cloud.cloud.adjust('fake-east', { 'boot-time': 3, 'delete-time': 0.5 }); // time enough to be asked meanwhile
    await fleet.launcher(configText({ maxServers: 1 }));
    const launched = async () => {
      const request = await submit(['small']);
      await untilRequest(peer.store, request.id, (it) => it.state === 'pending');
      await says(request, `serving launching ${await buildingNode()} building`);
      const { expected } = (await why(request))[0]!;
      await peer.scheduler.await(request, never);
      const set = await peer.scheduler.accept(request, never);
      await set.use();
      return { set, expected, at: systemClock.wall() / 1000 };
    };
    const first = await launched();
    expect(first.expected).toBeNull(); // nothing is known of this label yet
    await first.set.release();
    await untilNodeGone(peer.store, first.set.nodes[0]!.id);
    const second = await launched();
    expect(Math.abs(second.expected! - second.at)).toBeLessThan(10);
    const waiting = await submit(['small']);
    await says(waiting, 'waiting no-room instances');
    expect((await why(waiting))[0]!.expected).toBeNull(); // nobody knows how long a job takes
    await second.set.release();
    await untilNode(peer.store, second.set.nodes[0]!.id, (it) => it.state === 'deleting');
    await eventually(async () => (await why(waiting))[0]!.expected !== null);
    const { expected } = (await why(waiting))[0]!;
    await peer.scheduler.await(waiting, never);
    expect(Math.abs(expected! - systemClock.wall() / 1000)).toBeLessThan(10);
  });

  const buildingNode = () => {
    const view = peer.store.nodes.view();
    return until(view, () => [...view.nodes.values()].find((it) => it.record?.state === 'building')?.id);
  };
});
