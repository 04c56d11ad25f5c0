import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { ZooKeeper } from '../../../src/zk/client';
import { connectZooKeeper } from '../../../src/zk/engine';
import { acquireLock, forceUnlock } from '../../../src/zk/lock';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import type { LockerOptions } from '../../support/child-locker';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { entryFences, Locker, overlaps, readBeliefs, stepsBack } from '../../support/lockers';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const never = new AbortController().signal;

/** One act of the Python client; prints what came of it. */
function kazoo(hosts: string, act: string): string {
  const script = `
from kazoo.client import KazooClient
client = KazooClient(hosts="${hosts}", timeout=4)
client.start()
${act}
client.stop()
`;
  return execFileSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8' }).trim();
}

describe("Python's locks and ours", () => {
  let server: PrivateServer;
  let zk: ZooKeeper;
  let folder: string;

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tickMs: 200 });
    folder = await mkdtemp(join(tmpdir(), 'nodepool-kazoo-'));
    zk = connectZooKeeper({ hosts: server.hosts, sessionTimeoutMs: 10_000 }, tools);
    await zk.connected();
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterAll(async () => {
    await zk.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const tryLock = (dir: string) => `print(client.Lock("${dir}").acquire(blocking=False))`;

  test('exclude each other without waiting', async () => {
    const lock = (await acquireLock(zk, '/once/lock', { signal: never, identifier: 'ours' }, tools))!;
    expect(kazoo(server.hosts, tryLock('/once/lock'))).toBe('False');
    expect(kazoo(server.hosts, 'print(client.Lock("/once/lock").contenders())')).toBe("['ours']");
    expect((await zk.children('/once/lock')).children).toHaveLength(1);
    await lock.release();
    expect(kazoo(server.hosts, tryLock('/once/lock'))).toBe('True');
  });

  test('lock made by Python is respected, seen with its identifier, and can be forced', async () => {
    const persistent = `print(client.create("/forced/lock/0123456789abcdef0123456789abcdef__lock__", b"NodePool:metastatic:x", sequence=True, makepath=True))`;
    const path = kazoo(server.hosts, persistent);
    expect(await acquireLock(zk, '/forced/lock', { signal: never, timeoutMs: 0 }, tools)).toBeUndefined();
    expect((await zk.children('/forced/lock')).children).toEqual([path.slice('/forced/lock/'.length)]);
    expect(await forceUnlock(zk, '/forced/lock')).toBe(true);
    const lock = await acquireLock(zk, '/forced/lock', { signal: never, timeoutMs: 0 }, tools);
    expect(lock?.isHeld()).toBe(true);
    await lock?.release();
  });

  const seed = Math.floor(systemRandom.next() * 2 ** 31);

  test(`exclude each other in contention, ours being frozen now and then (seed ${seed})`, async () => {
    await zk.create('/log', Buffer.alloc(0));
    const options = (at: number): LockerOptions => ({
      hosts: server.hosts,
      sessionTimeoutMs: 2_000,
      dir: '/contended/lock',
      log: '/log',
      beliefs: join(folder, `beliefs-${at}`),
      seed: seed + at,
      holdMs: 60,
      impatience: 0.3,
    });
    const python = [0, 1, 2].map((at) => Locker.start('kazoo', options(at)));
    const ours = [3, 4, 5].map((at) => Locker.start('ours', options(at)));
    const all = [...python, ...ours];
    try {
      await Promise.all(all.map((it) => it.said('held', 3)));
      for (const it of ours) {
        it.freeze();
        await python[0]!.said('held', 3 + 5 * (ours.indexOf(it) + 1));
        it.thaw();
      }
    } finally {
      const ended = await Promise.allSettled(all.map((it) => it.stop()));
      expect(ended.filter((it) => it.status === 'rejected')).toEqual([]);
    }
    const beliefs = [python, ours].map((group) => readBeliefs(group.map((it) => it.options.beliefs)));
    const found = { seed, overlaps: overlaps(beliefs.flat().sort((a, b) => (a.from < b.from ? -1 : 1))) };
    expect({ ...found, stepsBack: stepsBack(await entryFences(zk, '/log')) }).toEqual({
      seed,
      overlaps: [],
      stepsBack: [],
    });
    for (const group of beliefs) expect(group.length).toBeGreaterThanOrEqual(9);
  });
});
