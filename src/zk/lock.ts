import { activities } from '../runtime/activities';
import type { ReadOp, ReadResult, ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { isOutcomeUnknown, isZkError } from './errors';
import { ContenderLock } from './held-lock';
import type { AcquireOptions, HeldLock } from './lock-api';
import { type Contender, type ContenderOptions, createContender, removeContender } from './lock-contender';
import { contenderQueue, lockTurn } from './lock-turn';

/** How long a caller that does not wait for others waits for a lost link, before the first session exists. */
const DEFAULT_PATIENCE_MS = 10_000;
const RETRY_DELAY_MS = 50;

/**
 * Acquires the lock, excluding contenders of the Python recipe and of this one (zk-tree 10.1). Undefined when the time is up
 * or, without waiting, when somebody else is ahead. Throws the reason of `options.signal`, NO_NODE if a required parent is
 * gone, SESSION_CLOSED after `close`. Nothing of ours stays behind in any of these cases.
 */
export async function acquireLock(
  zk: ZooKeeper,
  dir: string,
  options: AcquireOptions,
  tools: ZkTools,
): Promise<HeldLock | undefined> {
  return (await acquireLockAndRead(zk, dir, undefined, options, tools))?.lock;
}

export interface LockAndRecord {
  readonly lock: HeldLock;
  /** As it was when the lock was held already; undefined where somebody was ahead at first, or the glance failed. */
  readonly read: ReadResult | undefined;
}

/** As `acquireLock`, and reads `path`, which the lock protects, in the same round trip. */
export async function acquireLockAndRead(
  zk: ZooKeeper,
  dir: string,
  path: string | undefined,
  options: AcquireOptions,
  tools: ZkTools,
): Promise<LockAndRecord | undefined> {
  options.signal.throwIfAborted();
  const patience = new AbortController();
  const patienceMs = options.timeoutMs === 0 ? (zk.session?.timeoutMs ?? DEFAULT_PATIENCE_MS) : options.timeoutMs;
  const giveUp = () => patience.abort(new DOMException('lock not acquired in time', 'TimeoutError'));
  const timer = patienceMs === undefined ? undefined : tools.clock.after(patienceMs, giveUp);
  const onAbort = () => patience.abort(options.signal.reason);
  options.signal.addEventListener('abort', onAbort, { once: true });
  const activity = activities.begin('lock', { path: dir });
  try {
    return await contend(zk, dir, path, options, patience.signal, tools);
  } catch (error) {
    options.signal.throwIfAborted();
    if (patience.signal.aborted) return undefined;
    throw error;
  } finally {
    activity.end();
    timer?.cancel();
    options.signal.removeEventListener('abort', onAbort);
  }
}

/** Runs `work` under the lock and releases it; undefined when the lock was not acquired. Work stops on `lock.signal`. */
export async function withLock<T>(
  zk: ZooKeeper,
  dir: string,
  options: AcquireOptions,
  work: (lock: HeldLock) => Promise<T>,
  tools: ZkTools,
): Promise<T | undefined> {
  const lock = await acquireLock(zk, dir, options, tools);
  if (lock === undefined) return undefined;
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

/** Contends again and again, each time the session went with its contender, until the lock is held or `quit` aborts. */
async function contend(
  zk: ZooKeeper,
  dir: string,
  path: string | undefined,
  options: AcquireOptions,
  quit: AbortSignal,
  tools: ZkTools,
): Promise<LockAndRecord | undefined> {
  const wanted = contenderOptions(dir, options, 'ephemeral-sequential');
  for (;;) {
    let glancing: Promise<Glance | undefined> | undefined;
    const onSent = () => {
      glancing = glance(zk, dir, path, quit);
    };
    const contender = await createContender(zk, { ...wanted, onSent }, { tools, signal: quit }).catch(
      (error: unknown) => {
        if (!isZkError(error, 'SESSION_EXPIRED')) throw error;
      },
    );
    if (contender === undefined) continue;
    const seen = await glancing;
    const turn = await turnOf(zk, contender, seen?.children, options.timeoutMs !== 0, quit, tools);
    if (turn === 'held') {
      const wasHeld = seen !== undefined && lockTurn(seen.children, nameOf(contender)).kind === 'held';
      return { lock: new ContenderLock(zk, dir, contender, tools), read: wasHeld ? seen.read : undefined };
    }
    if (turn === 'behind') return undefined;
  }
}

/** Who contends, and what the lock protects. */
interface Glance {
  readonly children: readonly string[];
  readonly read: ReadResult | undefined;
}

/**
 * Asked for right behind the contender's making, and therefore answered after it: mostly nobody is ahead, and that is known
 * without a round trip of its own. Undefined where it failed: it is looked for again, and that tells of errors.
 */
async function glance(
  zk: ZooKeeper,
  dir: string,
  path: string | undefined,
  signal: AbortSignal,
): Promise<Glance | undefined> {
  try {
    const ops: readonly ReadOp[] = [
      { op: 'children', path: dir },
      ...(path === undefined ? [] : [{ op: 'get', path } as const]),
    ];
    const [listed, read] = await zk.multiRead(ops, { signal });
    return listed?.op === 'children' ? { children: listed.children, read } : undefined;
  } catch {
    return undefined;
  }
}

function nameOf({ path }: Contender): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function contenderOptions(
  dir: string,
  options: Omit<AcquireOptions, 'timeoutMs'>,
  mode: ContenderOptions['mode'],
): ContenderOptions {
  return { dir, data: Buffer.from(options.identifier ?? ''), parents: options.parents ?? 'create', mode };
}

/** Waits for the turn of the contender; whatever else comes of it, the contender is removed. `seen` is the first look, if there was one. */
async function turnOf(
  zk: ZooKeeper,
  contender: Contender,
  seen: readonly string[] | undefined,
  waits: boolean,
  quit: AbortSignal,
  tools: ZkTools,
): Promise<'held' | 'gone' | 'behind'> {
  try {
    const turn = await waitForTurn(zk, contender, seen, waits, quit, tools);
    quit.throwIfAborted();
    if (turn !== 'held') await removeContender(zk, contender, tools);
    return turn;
  } catch (error) {
    await removeContender(zk, contender, tools);
    throw error;
  }
}

async function waitForTurn(
  zk: ZooKeeper,
  contender: Contender,
  seen: readonly string[] | undefined,
  waits: boolean,
  quit: AbortSignal,
  tools: ZkTools,
): Promise<'held' | 'gone' | 'behind'> {
  const mine = nameOf(contender);
  const dir = contender.path.slice(0, -mine.length - 1);
  // One that lacks ours was looked up too early.
  let children = seen?.includes(mine) ? seen : undefined;
  for (;;) {
    const session = await zk.connected(quit);
    if (session !== contender.session && !contender.isPersistent) return 'gone';
    try {
      children ??= (await zk.children(dir, { signal: quit })).children;
      const turn = lockTurn(children, mine);
      children = undefined;
      if (turn.kind !== 'wait') return turn.kind;
      if (!waits) return 'behind';
      await untilChanged(zk, `${dir}/${turn.watch}`, quit);
    } catch (error) {
      if (isZkError(error, 'NO_NODE')) return 'gone'; // the whole directory was removed
      if (!isOutcomeUnknown(error) && !isZkError(error, 'THROTTLED_OP', 'SESSION_EXPIRED')) throw error;
      if (zk.state === 'connected') await tools.clock.sleep(RETRY_DELAY_MS, quit);
    }
  }
}

/** Resolves when the znode changes or is gone, or the state of the connection changes; leaves no watch behind. */
async function untilChanged(zk: ZooKeeper, path: string, quit: AbortSignal): Promise<void> {
  let wake: () => void = () => undefined;
  const changed = new Promise<void>((resolve) => (wake = resolve));
  const stopListening = zk.onState(wake);
  quit.addEventListener('abort', wake, { once: true });
  try {
    await zk.get(path, { watcher: wake, signal: quit });
    await changed;
  } catch (error) {
    if (!isZkError(error, 'NO_NODE')) throw error;
  } finally {
    stopListening();
    quit.removeEventListener('abort', wake);
    // What cannot be taken off goes with the link, the znode or the session, and wakes nobody: no reason to lose the turn.
    await zk.removeWatcher(path, wake).catch(() => undefined);
  }
  quit.throwIfAborted();
}

/**
 * Makes a contender that no session's end removes (zk-tree 10.3): its full path, or undefined if somebody else is ahead. It
 * goes with `forceUnlock`.
 */
export async function lockPersistently(
  zk: ZooKeeper,
  dir: string,
  options: Omit<AcquireOptions, 'timeoutMs'>,
  tools: ZkTools,
): Promise<string | undefined> {
  const wanted = contenderOptions(dir, options, 'persistent-sequential');
  const contender = await createContender(zk, wanted, { tools, signal: options.signal });
  const turn = await turnOf(zk, contender, undefined, false, options.signal, tools);
  return turn === 'held' ? contender.path : undefined;
}

/** Deletes the contender that holds the lock, whoever made it; false if there was none. */
export async function forceUnlock(zk: ZooKeeper, dir: string): Promise<boolean> {
  try {
    const [holder] = contenderQueue((await zk.children(dir)).children);
    if (holder === undefined) return false;
    await zk.delete(`${dir}/${holder}`);
    return true;
  } catch (error) {
    if (isZkError(error, 'NO_NODE')) return false;
    throw error;
  }
}
