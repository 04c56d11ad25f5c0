/**
 * A process that takes one lock again and again: `node -r register.js child-locker.ts '<JSON of LockerOptions>'`. It notes
 * in a file, at once, every moment at which it believed to hold the lock, by the machine's monotonic clock, and
 * appends guarded entries to a log in the tree. Ends on SIGTERM.
 */
import { appendFileSync } from 'node:fs';
import { systemClock } from '../../src/runtime/clock';
import { silentLogger } from '../../src/runtime/log';
import { seededRandom, systemRandom } from '../../src/runtime/random';
import type { ZooKeeper } from '../../src/zk/client';
import { connectZooKeeper } from '../../src/zk/engine';
import { isZkError } from '../../src/zk/errors';
import { acquireLock } from '../../src/zk/lock';
import type { HeldLock } from '../../src/zk/lock-api';

export interface LockerOptions {
  readonly hosts: string;
  readonly sessionTimeoutMs: number;
  /** The lock directory. */
  readonly dir: string;
  /** A znode whose children are the entries; must exist. */
  readonly log: string;
  /** Lines `fence before after`: the lock was believed in at a moment between the two, in nanoseconds. */
  readonly beliefs: string;
  readonly seed: number;
  /** Longest time the lock is kept. */
  readonly holdMs: number;
  /** Share of attempts that do not wait. */
  readonly impatience: number;
}

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

async function main(options: LockerOptions): Promise<void> {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const random = seededRandom(options.seed);
  const zk = connectZooKeeper({ hosts: options.hosts, sessionTimeoutMs: options.sessionTimeoutMs }, tools);
  process.stdout.write('ready\n');
  while (!stop.signal.aborted) {
    const impatient = random.next() < options.impatience ? { timeoutMs: 0 } : {};
    const lock = await acquireLock(zk, options.dir, { signal: stop.signal, ...impatient }, tools).catch(
      (error: unknown) => {
        if (!stop.signal.aborted) throw error;
      },
    );
    if (lock !== undefined) await hold(zk, lock, options, random.next() * options.holdMs, stop.signal);
    await pause(random.next() * 40, stop.signal);
  }
  await zk.close();
}

async function hold(
  zk: ZooKeeper,
  lock: HeldLock,
  options: LockerOptions,
  ms: number,
  stop: AbortSignal,
): Promise<void> {
  const end = systemClock.monotonic() + ms;
  let entries = 0;
  do {
    note(lock, options.beliefs);
    if (entries === 0) process.stdout.write('held\n');
    // On purpose also when the lock is not believed in any more: the guard has to refuse.
    if (entries < 3) await append(zk, lock, options.log);
    entries += 1;
    note(lock, options.beliefs);
    await pause(4, stop);
  } while (systemClock.monotonic() < end && !stop.aborted && !lock.signal.aborted);
  note(lock, options.beliefs);
  await lock.release();
}

function note(lock: HeldLock, file: string): void {
  const before = process.hrtime.bigint();
  if (!lock.isHeld()) return;
  appendFileSync(file, `${lock.fence} ${before} ${process.hrtime.bigint()}\n`);
}

async function append(zk: ZooKeeper, lock: HeldLock, log: string): Promise<void> {
  const data = Buffer.from(String(lock.fence));
  const ops = [lock.guard(), { op: 'create', path: `${log}/e-`, data, mode: 'persistent-sequential' } as const];
  await zk.transaction(ops).catch((error: unknown) => {
    if (!isZkError(error)) throw error;
  });
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await systemClock.sleep(ms, stop).catch(() => undefined);
}

void main(JSON.parse(process.argv[2]!) as LockerOptions);
