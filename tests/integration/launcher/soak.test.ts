import { pick, type Random, seededRandom } from '../../../src/runtime/random';
import { Fleet, type Peer, configText, providerText, until } from './fleet';

const never = new AbortController().signal;
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
  try {
    const random = seededRandom(SEED);
    const peer = await fleet.peer();
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
      for (let round = 0; round < ROUNDS; round += 1) await oneRequest(peer, random);
    });
    const restarts = (async () => {
      for (let count = 0; count < 3; count += 1) {
        const request = await peer.scheduler.submit({ labels: ['small'] });
        await peer.scheduler.await(request, never);
        await peer.scheduler.cancel(request);
        await (random.next() < 0.5 ? second.stop() : second.drain());
        second = await fleet.launcher(config);
      }
    })();
    await Promise.all([...clients, restarts]);
    for (const it of await peer.scheduler.list()) await peer.scheduler.cancel(it);
    await untilQuiet(peer, fleet);
  } finally {
    await fleet.stop();
  }
}, 120_000);

async function oneRequest({ scheduler }: Peer, random: Random): Promise<void> {
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
  const outcome = await scheduler.await(request, never);
  if (outcome.state !== 'fulfilled' || random.next() < 0.1) {
    await scheduler.cancel(request);
    return;
  }
  const nodes = await scheduler.accept(request, never);
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

/** All that is left are free ready nodes, and the cloud has just their instances. */
async function untilQuiet({ store }: Peer, fleet: Fleet): Promise<void> {
  const [nodes, requests] = [store.nodes.view(), store.requests.view()];
  const isQuiet = () => {
    const left = [...nodes.nodes.values()];
    const free = left.every((it) => it.record?.state === 'ready' && it.record.allocatedTo === null && !it.locked);
    const unlocked = [...requests.locks.values()].every((it) => !it.contended);
    return requests.requests.size === 0 && free && unlocked && left.length >= 2;
  };
  for (;;) {
    await Promise.race([until(nodes, isQuiet), until(requests, isQuiet)]);
    const known = [...nodes.nodes.values()].map((it) => it.record!.externalId).sort();
    const there = ['fake-east', 'fake-west'].flatMap((it) => fleet.serverIds(it)).sort();
    if (isQuiet()) {
      expect(there).toEqual(known);
      return;
    }
  }
}
