import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom, systemRandom } from '../../../src/runtime/random';
import type { ZooKeeper } from '../../../src/zk/client';
import { connectZooKeeper } from '../../../src/zk/engine';
import { acquireLock } from '../../../src/zk/lock';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import type { LockerOptions } from '../../support/child-locker';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { entryFences, Locker, overlaps, readBeliefs, stepsBack } from '../../support/lockers';
import { eventually } from '../../support/eventually';
import { makeTrouble, Seat } from '../../support/lock-seat';
import { TcpProxy } from '../../support/tcp-proxy';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const never = new AbortController().signal;
const SESSION_MS = 2_000;
const CONTENDED_SESSION_MS = 1_000;

let server: PrivateServer;

describe('a lock on a real server', () => {
  let zk: ZooKeeper;
  let folder: string;
  let turn = 0;

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tickMs: 200 });
    folder = await mkdtemp(join(tmpdir(), 'nodepool-locks-'));
    zk = connectZooKeeper({ hosts: server.hosts, sessionTimeoutMs: 10_000 }, tools);
    await zk.connected();
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterAll(async () => {
    await zk.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  async function lockerOptions(changes: Partial<LockerOptions> = {}): Promise<LockerOptions> {
    turn += 1;
    await zk.create(`/log-${turn}`, Buffer.alloc(0));
    return {
      hosts: server.hosts,
      sessionTimeoutMs: SESSION_MS,
      dir: `/locks/${turn}/lock`,
      log: `/log-${turn}`,
      beliefs: join(folder, `beliefs-${turn}`),
      seed: 1,
      holdMs: 100,
      impatience: 0,
      ...changes,
    };
  }

  function untilAborted(signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
      if (signal.aborted) done();
      else signal.addEventListener('abort', () => done(), { once: true });
    });
  }

  describe('a link cut', () => {
    let proxy: TcpProxy;
    let mine: ZooKeeper;
    beforeEach(async () => {
      proxy = await TcpProxy.open(server.members[0]!);
      mine = connectZooKeeper({ hosts: proxy.hosts, sessionTimeoutMs: SESSION_MS }, tools);
    });
    afterEach(async () => {
      proxy.mend();
      await mine.close();
      await proxy.close();
    });

    test('for less than the session leaves the lock ours', async () => {
      const lock = (await acquireLock(mine, '/cut/short', { signal: never }, tools))!;
      const suspended = new Promise<void>((done) => mine.onState((state) => state === 'suspended' && done()));
      proxy.cut(true);
      await suspended;
      proxy.mend();
      await mine.connected();
      await eventually(() => lock.isHeld());
      expect(lock.signal.aborted).toBe(false);
      expect((await zk.exists(lock.contender))?.czxid).toBe(lock.fence);
      await lock.release();
      expect(await zk.exists(lock.contender)).toBeUndefined();
    });

    test('for longer gives it to the rival, who never believes while we do', async () => {
      const lock = (await acquireLock(mine, '/cut/long', { signal: never }, tools))!;
      const taking = acquireLock(zk, '/cut/long', { signal: never }, tools);
      proxy.silence(true);
      const rival = (await taking)!;
      expect([rival.isHeld(), lock.isHeld()]).toEqual([true, false]);
      expect(rival.fence).toBeGreaterThan(lock.fence);
      proxy.silence(false);
      await untilAborted(lock.signal);
      await mine.connected();
      await expect(mine.transaction([lock.guard()])).rejects.toMatchObject({ code: 'NO_NODE', failedOp: 0 });
      await rival.release();
    });

    test('in the very moment of each request of an acquisition leaves one contender or none', async () => {
      for (let round = 0; round < 8; round += 1) {
        await mine.connected();
        proxy.cutAfter(round);
        const acquiring = acquireLock(mine, '/cut/each', { signal: never }, tools);
        const lock = (await acquiring)!;
        expect((await zk.children('/cut/each')).children).toEqual([lock.contender.slice('/cut/each/'.length)]);
        await lock.release();
        await eventually(async () => (await zk.children('/cut/each')).children.length === 0);
      }
    });
  });

  let holder: Locker | undefined;
  afterEach(async () => {
    await holder?.kill();
    holder = undefined;
  });

  test('a holder frozen for longer than its session does not believe when it wakes', async () => {
    const options = await lockerOptions({ holdMs: 60_000 });
    holder = Locker.start('ours', options);
    await holder.said('held');
    const taking = acquireLock(zk, options.dir, { signal: never }, tools);
    holder.freeze();
    const rival = (await taking)!;
    const before = process.hrtime.bigint();
    const frozenEntries = await entryFences(zk, options.log);
    holder.thaw();
    await holder.stop();
    expect(rival.isHeld()).toBe(true);
    await rival.release();
    const beliefs = readBeliefs([options.beliefs]);
    expect(beliefs.length).toBeGreaterThan(0);
    expect(beliefs.filter((it) => it.to >= before)).toEqual([]);
    expect(await entryFences(zk, options.log)).toEqual(frozenEntries);
  });

  describe('contention of processes that are stopped, killed and cut off', () => {
    const seed = Math.floor(systemRandom.next() * 2 ** 31);

    test(`is exclusive (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      const options = await lockerOptions({ sessionTimeoutMs: CONTENDED_SESSION_MS, holdMs: 300, impatience: 0.2 });
      const seats = await Promise.all(
        Array.from({ length: 8 }, (_, at) => Seat.open(at, options, random, server.members[0]!)),
      );
      try {
        await Promise.all(seats.map((it) => it.locker.said('ready')));
        await makeTrouble(seats, random, 12_000);
      } finally {
        const closed = await Promise.allSettled(seats.map((it) => it.close()));
        expect(closed.filter((it) => it.status === 'rejected')).toEqual([]);
      }
      const beliefs = readBeliefs(seats.flatMap((it) => it.files));
      const fences = await entryFences(zk, options.log);
      expect({ seed, overlaps: overlaps(beliefs), stepsBack: stepsBack(fences) }).toEqual({
        seed,
        overlaps: [],
        stepsBack: [],
      });
      expect(beliefs.length).toBeGreaterThan(4);
      expect(fences.length).toBeGreaterThan(4);
    });
  });
});
