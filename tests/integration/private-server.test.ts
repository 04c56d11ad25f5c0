import { systemClock } from '../../src/runtime/clock';
import { type PrivateServer, startZooKeeper } from '../../src/zk/server/private-server';

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
