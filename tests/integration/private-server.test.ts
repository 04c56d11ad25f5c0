import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { systemClock } from '../../src/runtime/clock';
import { seededRandom } from '../../src/runtime/random';
import { freePorts } from '../../src/zk/server/free-ports';
import { type PrivateServer, startZooKeeper } from '../../src/zk/server/private-server';

test('ports are below those of outgoing connections, all different, and free', async () => {
  const [first] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/);
  const taken = createServer().listen(10_000, '127.0.0.1');
  await once(taken, 'listening').catch(() => undefined); // by somebody else will do as well
  const zeros = seededRandom(1);
  const draws = [0, 0, ...Array.from({ length: 100 }, () => zeros.next())];
  const ports = await freePorts(20, { ...zeros, next: () => draws.shift()! });
  taken.close();
  expect(new Set(ports).size).toBe(20);
  expect(ports).not.toContain(10_000);
  expect(ports.filter((it) => it < 10_000 || it >= Number(first))).toEqual([]);
});

describe('a private ZooKeeper', () => {
  let server: PrivateServer;
  afterEach(() => server.stop());

  test('serves alone', async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
    expect(await server.members[0]!.ask('ruok')).toBe('imok');
    expect((await server.leader()).number).toBe(1);
  });

  test('of three members elects another leader when the first is killed', async () => {
    server = await startZooKeeper({ clock: systemClock, members: 3, fsync: false });
    const first = await server.leader();
    await first.kill();
    const second = await server.leader();
    expect(second.number).not.toBe(first.number);
    await first.restart();
    expect((await server.leader()).number).toBe(second.number);
  });
});
