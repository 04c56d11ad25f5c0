import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom, systemRandom } from '../../../src/runtime/random';
import { connectZooKeeper } from '../../../src/zk/engine';
import { MemoryServer } from '../../../src/zk/memory';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { TcpProxy } from '../../support/tcp-proxy';
import { runScript, type Stage } from '../../support/zk-script';

/** Names of seeds that once told the two apart, and some fresh ones every time. */
const SEEDS = [1, 2, ...Array.from({ length: 12 }, () => Math.floor(systemRandom.next() * 2 ** 31))];
const SESSION = { sessionTimeoutMs: 30_000 };

describe('the in-memory model answers as a real server does', () => {
  let server: PrivateServer;
  let proxies: TcpProxy[];

  beforeAll(async () => {
    server = await startZooKeeper({
      clock: systemClock,
      fsync: false,
      properties: { 'zookeeper.extendedTypesEnabled': 'true' },
    });
    proxies = await Promise.all([0, 1, 2].map(() => TcpProxy.open(server.members[0]!)));
  });
  beforeEach(() => proxies.forEach((it) => it.mend()));
  afterAll(async () => {
    await Promise.all(proxies.map((it) => it.close()));
    await server.stop();
  });

  const real: Stage = {
    connect: (slot) =>
      connectZooKeeper(
        { hosts: proxies[slot]!.hosts, ...SESSION },
        { clock: systemClock, random: systemRandom, log: silentLogger },
      ),
    suspend: (slot) => proxies[slot]!.cut(true),
    resume: (slot) => proxies[slot]!.mend(),
  };

  function modelled(): Stage & { close(): Promise<void> } {
    const model = new MemoryServer({ clock: systemClock, extendedTypes: true });
    const clients: ZooKeeper[] = [];
    return {
      connect: (slot) => (clients[slot] = model.connect(SESSION)),
      suspend: (slot) => model.suspend(clients[slot]!),
      resume: (slot) => model.resume(clients[slot]!),
      close: () => model.close(),
    };
  }

  test.each(SEEDS)('to the script of seed %i', async (seed) => {
    const model = modelled();
    const [base, steps] = [`/script-${seed}-${systemRandom.hex(4)}`, 200]; // another one for a second try
    const expected = await runScript(real, base, seededRandom(seed), steps);
    const answered = await runScript(model, base, seededRandom(seed), steps);
    await model.close();
    for (const [at, record] of expected.entries()) {
      expect({ seed, at, ...answered[at] }).toEqual({ seed, at, ...record });
    }
  });
});
