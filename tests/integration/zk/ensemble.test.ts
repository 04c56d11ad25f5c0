import { setMaxListeners } from 'node:events';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { ZooKeeper } from '../../../src/zk/client';
import { connectZooKeeper } from '../../../src/zk/engine';
import { isZkError } from '../../../src/zk/errors';
import { acquireLock } from '../../../src/zk/lock';
import { protectedCreate } from '../../../src/zk/protected-create';
import { type Member, type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { openTree } from '../../../src/zk/tree';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { eventually } from '../../support/eventually';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const never = new AbortController().signal;
setMaxListeners(0, never);
const NOTHING = Buffer.alloc(0);
/** A session that outlives an election in which members miss each other a few times, on a busy machine. */
const ELECTION_MS = 60_000;

describe('an ensemble of three', () => {
  let server: PrivateServer;
  const clients: ZooKeeper[] = [];

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, members: 3, fsync: false, tickMs: 500 });
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterEach(async () => {
    for (const it of server.members) it.thaw();
    await Promise.all(server.members.filter((it) => it.pid === undefined).map((it) => it.restart()));
    await Promise.all(clients.splice(0).map((it) => it.close()));
  });
  afterAll(() => server.stop());

  async function connect(hosts = server.hosts, sessionTimeoutMs = 6_000): Promise<ZooKeeper> {
    const zk = connectZooKeeper({ hosts, sessionTimeoutMs }, tools);
    clients.push(zk);
    await zk.connected();
    return zk;
  }

  /** A client that sits on this member now and may go to the others. */
  async function connectOn(member: Member): Promise<ZooKeeper> {
    const zk = await connect(hostsOf(member));
    zk.updateServers(server.hosts);
    return zk;
  }

  async function follower(): Promise<Member> {
    const leader = await server.leader();
    return server.members.find((it) => it !== leader)!;
  }

  test('that loses its leader keeps every create it acknowledged, and makes protected ones once', async () => {
    const zk = await connect(server.hosts, ELECTION_MS);
    await zk.create('/creates', NOTHING);
    await zk.create('/protected', NOTHING);
    const leader = await server.leader();
    let killed = false;
    let before = 0;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((done) => (begin = done));
    let after = 0;
    const workers = Array.from({ length: 20 }, async (_, worker) => {
      const made = { acknowledged: [] as string[], kept: [] as string[] };
      while (after < 200) {
        const plain = await zk
          .create(`/creates/${worker}-`, NOTHING, { mode: 'persistent-sequential' })
          .catch((error: unknown) => {
            if (!isZkError(error)) throw error;
          });
        if (plain !== undefined) made.acknowledged.push(plain.path);
        const options = { mode: 'persistent-sequential', tools, signal: never } as const;
        made.kept.push((await protectedCreate(zk, '/protected', NOTHING, options)).path);
        if (killed) after += 1;
        else if ((before += 1) === 100) begin();
      }
      return made;
    });
    await begun;
    await leader.kill();
    killed = true;
    const made = await Promise.all(workers);
    await zk.sync('/');
    const present = new Set((await zk.children('/creates')).children.map((it) => `/creates/${it}`));
    expect(made.flatMap((it) => it.acknowledged).filter((it) => !present.has(it))).toEqual([]);
    const kept = (await zk.children('/protected')).children.map((it) => `/protected/${it}`);
    expect(kept.toSorted()).toEqual(made.flatMap((it) => it.kept).toSorted());
    expect(kept.length).toBeGreaterThan(200);
  }, 180_000);

  test('of which the member that a holder sits on freezes: the lock is kept over another one', async () => {
    const member = await follower();
    const zk = await connectOn(member);
    const session = zk.session!;
    const lock = (await acquireLock(zk, '/frozen/kept', { signal: never }, tools))!;
    const other = server.members.find((it) => it !== member)!;
    const rival = await connect(hostsOf(other));
    const taking = acquireLock(rival, '/frozen/kept', { signal: never, timeoutMs: 8_000 }, tools);
    const back = new Promise<void>((done) => zk.onState((state) => state === 'connected' && done()));
    member.freeze();
    await back;
    await eventually(() => lock.isHeld());
    expect([zk.session, lock.signal.aborted]).toEqual([session, false]);
    await zk.transaction([lock.guard()]);
    member.thaw();
    expect(await taking).toBeUndefined();
    await lock.release();
  });

  test('of which the only member that a holder knows freezes: what it says when it thaws is not believed', async () => {
    const member = await follower();
    const zk = await connect(hostsOf(member), 4_000);
    const lock = (await acquireLock(zk, '/frozen/lost', { signal: never }, tools))!;
    const other = server.members.find((it) => it !== member)!;
    const rival = await connect(hostsOf(other));
    const taking = acquireLock(rival, '/frozen/lost', { signal: never }, tools);
    member.freeze();
    const taken = (await taking)!;
    const believed: boolean[] = [lock.isHeld()];
    const watching = new AbortController();
    const sampling = (async () => {
      while (!watching.signal.aborted) {
        believed.push(lock.isHeld());
        await new Promise((done) => setImmediate(done));
      }
    })();
    member.thaw();
    await zk.connected();
    await expect(zk.transaction([lock.guard()])).rejects.toMatchObject({ code: 'NO_NODE' });
    watching.abort();
    await sampling;
    expect(believed).not.toContain(true);
    expect([lock.signal.aborted, taken.isHeld()]).toEqual([true, true]);
    await taken.release();
  });

  test('through which a cached tree follows while members are killed one after another', async () => {
    const zk = await connect(server.hosts, ELECTION_MS);
    const writer = await connect(server.hosts, ELECTION_MS);
    await writer.create('/tree', NOTHING);
    const tree = openTree(zk, '/tree', {}, tools);
    await tree.ready();
    for (const member of server.members) {
      await member.kill();
      for (let at = 0; at < 20; at += 1) {
        await protectedCreate(writer, '/tree', NOTHING, { mode: 'persistent-sequential', tools, signal: never });
      }
      await tree.settled();
      const { children } = await writer.children('/tree');
      expect(tree.children('/tree').toSorted()).toEqual(children.toSorted());
      await member.restart();
    }
    expect(tree.size).toBe(61);
    await tree.close();
  }, 180_000);
});

function hostsOf(member: Member): string {
  return `${member.host}:${member.port}`;
}
