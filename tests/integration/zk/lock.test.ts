import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { pick, type Random, seededRandom, systemRandom } from '../../../src/runtime/random';
import type { ZooKeeper } from '../../../src/zk/client';
import { connectZooKeeper } from '../../../src/zk/engine';
import { acquireLock } from '../../../src/zk/lock';
import type { HeldLock } from '../../../src/zk/lock-api';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import type { LockerOptions } from '../../support/child-locker';
import { entryFences, Locker, overlaps, readBeliefs, stepsBack } from '../../support/lockers';
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

  async function untilHeld(lock: HeldLock): Promise<void> {
    while (!lock.isHeld()) await systemClock.sleep(5, lock.signal);
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
      await untilHeld(lock);
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
        const acquiring = acquireLock(mine, '/cut/each', { signal: never }, tools);
        await systemClock.sleep(round / 3);
        proxy.cut();
        const lock = (await acquiring)!;
        expect((await zk.children('/cut/each')).children).toEqual([lock.contender.slice('/cut/each/'.length)]);
        await lock.release();
        while ((await zk.children('/cut/each')).children.length > 0) await systemClock.sleep(5);
      }
    });
  });

  test('a holder frozen for longer than its session does not believe when it wakes', async () => {
    const options = await lockerOptions({ holdMs: 60_000 });
    const holder = Locker.start('ours', options);
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
      const seats = await Promise.all(Array.from({ length: 8 }, (_, at) => Seat.open(at, options, random)));
      try {
        await Promise.all(seats.map((it) => it.locker.said('ready')));
        const end = systemClock.monotonic() + 12_000;
        while (systemClock.monotonic() < end) {
          await pick(random, seats).trouble(random);
          await systemClock.sleep(random.next() * 250);
        }
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

/** A place in the contention: a link of its own, and the process that sits there at the moment. */
class Seat {
  readonly files: string[] = [];
  #respawns = 0;
  locker: Locker;

  private constructor(
    private readonly at: number,
    private readonly options: LockerOptions,
    private readonly random: Random,
    private readonly proxy: TcpProxy,
  ) {
    this.locker = this.#spawn();
  }

  static async open(at: number, options: LockerOptions, random: Random): Promise<Seat> {
    return new Seat(at, options, random, await TcpProxy.open(server.members[0]!));
  }

  /** Something that ends by itself after a while, or is over at once. */
  async trouble(random: Random): Promise<void> {
    const dice = random.next();
    const ms = random.next() * 2 * CONTENDED_SESSION_MS;
    if (this.#inTrouble) return;
    if (dice < 0.35)
      this.#during(
        ms,
        () => this.locker.freeze(),
        () => this.locker.thaw(),
      );
    else if (dice < 0.5) await this.#replace();
    else if (dice < 0.75) this.proxy.cut();
    else
      this.#during(
        ms,
        () => this.proxy.silence(true),
        () => this.proxy.silence(false),
      );
  }

  /** The worst moment: it holds, and will not hear of the end of its session for a while. */
  silenceHolder(): void {
    const ms = (1 + this.random.next()) * CONTENDED_SESSION_MS;
    if (this.#inTrouble) return;
    if (this.random.next() < 0.7)
      this.#during(
        ms,
        () => this.locker.freeze(),
        () => this.locker.thaw(),
      );
    else
      this.#during(
        ms,
        () => this.proxy.silence(true),
        () => this.proxy.silence(false),
      );
  }

  async close(): Promise<void> {
    await Promise.all(this.#ending);
    await this.locker.stop();
    await this.proxy.close();
  }

  readonly #ending = new Set<Promise<void>>();
  #inTrouble = false;

  #during(ms: number, begin: () => void, end: () => void): void {
    this.#inTrouble = true;
    begin();
    const over = () => {
      this.#inTrouble = false;
      end();
    };
    this.#ending.add(systemClock.sleep(ms).then(over));
  }

  async #replace(): Promise<void> {
    await this.locker.kill();
    this.locker = this.#spawn();
  }

  #spawn(): Locker {
    this.#respawns += 1;
    const name = `${this.options.beliefs}-${this.at}-${this.#respawns}`;
    this.files.push(name);
    const seed = Math.floor(this.random.next() * 2 ** 31);
    const locker = Locker.start('ours', { ...this.options, hosts: this.proxy.hosts, beliefs: name, seed });
    locker.onHeld = () => {
      if (this.random.next() < 0.5) this.silenceHolder();
    };
    return locker;
  }
}
