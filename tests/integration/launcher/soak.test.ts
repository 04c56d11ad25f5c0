import { isDeepStrictEqual } from 'node:util';
import { pick, type Random, seededRandom } from '../../../src/runtime/random';
import { systemClock } from '../../../src/runtime/clock';
import { treePicture } from '../../support/tree-picture';
import { Fleet, type Peer, configText, providerText } from './fleet';

/** Then the test says what does not go on, before its own time is over. */
const PATIENCE_MS = 220_000;
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
const CLIENTS = 8;
const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 6);

const FAULTS = [
  { operation: 'create-server', effect: 'boot-error', probability: 0.1 },
  { operation: 'create-server', effect: 'lost-reply', probability: 0.1 },
  { operation: 'create-server', effect: 'error', status: 403, message: 'Quota exceeded for cores', probability: 0.05 },
  { operation: 'delete-server', effect: 'error', probability: 0.1 },
  { operation: '*', effect: 'throttle', probability: 0.02, 'retry-after': 0.1 },
];

/**
 * Random work for several launchers on a faulty cloud, one of which is replaced every now and then. At the end every request
 * is final, the cloud has exactly the instances that nodes tell of, and nobody holds a lock.
 */
test(`random requests, cancels, faults and restarts leave nothing behind (SOAK_SEED=${SEED})`, async () => {
  const fleet = await Fleet.start();
  const peer = await fleet.peer();
  const stop = new AbortController();
  const late = systemClock.after(PATIENCE_MS, () =>
    stop.abort(new Error(`it takes too long: ${picture(peer, fleet)}`)),
  );
  try {
    const random = seededRandom(SEED);
    for (const provider of ['fake-east', 'fake-west']) {
      for (const it of FAULTS) fleet.cloud.cloud.injectFault(provider, it);
    }
    const config = [
      configText({ labels: ['small', 'big'], minReady: { small: 2 }, maxServers: 6 }),
      providerText({ provider: 'fake-west', labels: ['small'], maxServers: 4, priority: 50 }),
      '',
    ].join('');
    await fleet.launcher(config);
    let second = await fleet.launcher(config);
    const clients = Array.from({ length: CLIENTS }, async () => {
      for (let round = 0; round < ROUNDS; round += 1) await oneRequest(peer, random, stop.signal);
    });
    const restarts = (async () => {
      for (let count = 0; count < 3; count += 1) {
        const request = await peer.scheduler.submit({ labels: ['small'] });
        await peer.scheduler.await(request, stop.signal);
        await peer.scheduler.cancel(request);
        await (random.next() < 0.5 ? second.stop() : second.drain());
        second = await fleet.launcher(config);
      }
    })();
    await Promise.all([...clients, restarts]);
    for (const it of await peer.scheduler.list()) await peer.scheduler.cancel(it);
    await untilQuiet(peer, fleet, stop.signal);
  } finally {
    late.cancel();
    await fleet.stop();
  }
}, 240_000);

async function oneRequest({ scheduler }: Peer, random: Random, stop: AbortSignal): Promise<void> {
  const labels = pick(random, [['small'], ['small', 'small'], ['big'], ['big', 'small', 'big'], ['small']]);
  const request = await scheduler.submit({
    labels,
    priority: pick(random, ['high', 'normal', 'low'] as const),
    provider: pick(random, [null, null, 'fake-east', 'fake-west']),
    tenantName: pick(random, ['acme', 'other']),
  });
  if (random.next() < 0.2) {
    await scheduler.cancel(request);
    return;
  }
  const outcome = await scheduler.await(request, stop);
  if (outcome.state !== 'fulfilled' || random.next() < 0.1) {
    await scheduler.cancel(request);
    return;
  }
  const nodes = await scheduler.accept(request, stop);
  expect(nodes.nodes.map((it) => it.record.type[0])).toEqual(labels);
  expect(new Set(nodes.nodes.map((it) => `${it.record.provider} ${it.record.az}`)).size).toBe(1);
  if (random.next() < 0.1) {
    await nodes.release(); // never used: free for others
    return;
  }
  await nodes.use();
  await nodes.markUsed();
  await nodes.release();
}

/** All that is left are free ready nodes, and the cloud has just their instances: it tells nobody, so it is looked at again. */
async function untilQuiet(peer: Peer, fleet: Fleet, stop: AbortSignal): Promise<void> {
  const [nodes, requests] = [peer.store.nodes.view(), peer.store.requests.view()];
  const isQuiet = () => {
    const left = [...nodes.nodes.values()];
    const free = left.every((it) => it.record?.state === 'ready' && it.record.allocatedTo === null && !it.locked);
    const unlocked = [...requests.locks.values()].every((it) => !it.contended);
    return requests.requests.size === 0 && free && unlocked && left.length >= 2;
  };
  const known = () => [...nodes.nodes.values()].map((it) => String(it.record?.externalId)).sort();
  for (;;) {
    await Promise.all([nodes.settled(stop), requests.settled(stop)]);
    if (isQuiet() && isDeepStrictEqual(known(), instances(fleet))) return;
    await systemClock.sleep(50, stop); // paced: the cloud tells nobody when an instance goes
  }
}

function instances(fleet: Fleet): string[] {
  return ['fake-east', 'fake-west'].flatMap((it) => fleet.serverIds(it)).sort();
}

function picture({ store }: Peer, fleet: Fleet): string {
  return `instances ${instances(fleet).join()}; the tree:\n${treePicture(store)}`;
}
