import type { NodeData, Op, OpResult, Stat, ZooKeeper } from '../zk/client';
import { isZkError, ZkError } from '../zk/errors';
import type { HeldLock } from '../zk/lock-api';
import { ClaimLostError } from './api';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

/**
 * Writes that happen only while a lock of ours stands: each is a transaction that begins with a check of our contender, so
 * a writer that lost its session writes nothing, even if it does not know yet (zookeeper-client 7.3).
 */

/** Data or undefined. Repeats after lost links. */
export async function readIfThere(
  parts: StoreParts,
  path: string,
  signal?: AbortSignal,
): Promise<NodeData | undefined> {
  const read = () =>
    parts.zk.get(path).catch((error: unknown) => {
      if (isZkError(error, 'NO_NODE')) return undefined;
      throw error;
    });
  return untilKnown(parts, read, signal === undefined ? {} : { signal });
}

/** Names of the children; empty if the path is not there. */
export async function listIfThere(zk: ZooKeeper, path: string): Promise<readonly string[]> {
  try {
    return (await zk.children(path)).children;
  } catch (error) {
    if (isZkError(error, 'NO_NODE')) return [];
    throw error;
  }
}

/**
 * Replaces data read at `version`. Throws a ClaimLostError; resolves only when the write is known to have happened. The steps of
 * `guard` come first: the ZkError of one that does not hold is thrown as it is.
 */
export async function guardedSet(
  parts: StoreParts,
  lock: HeldLock,
  path: string,
  data: Buffer,
  version: number,
  guard: readonly Op[] = [],
): Promise<Stat> {
  return underLock(parts, lock, path, async (unsure) => {
    try {
      const results = await parts.zk.transaction([...guard, lock.guard(), { op: 'set', path, data, version }]);
      return statOf(results[guard.length + 1]);
    } catch (error) {
      if (unsure && isZkError(error, 'BAD_VERSION')) {
        await parts.zk.sync(path); // the link may lead to another server now
        const found = await parts.zk.get(path);
        if (found.stat.version === version + 1 && found.data.equals(data)) return found.stat;
      }
      throw claimLost(error, path, guard.length);
    }
  });
}

/** Runs `attempt` until its outcome is known or the lock is gone, which is a ClaimLostError. */
export async function underLock<T>(
  parts: StoreParts,
  lock: HeldLock,
  path: string,
  attempt: (unsure: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await untilKnown(parts, attempt, { signal: lock.signal, sessionBound: true });
  } catch (error) {
    throw lock.signal.aborted && !(error instanceof ClaimLostError) ? lockGone(path, error) : sessionLost(path, error);
  }
}

function sessionLost(path: string, error: unknown): unknown {
  return isZkError(error, 'SESSION_EXPIRED', 'SESSION_CLOSED') ? lockGone(path, error) : error;
}

const lockGone = (path: string, cause: unknown) => new ClaimLostError(path, 'lock-gone', { cause });

/**
 * The ClaimLostError that a failed guarded transaction means; other errors as they are. Step 0 asks for the lock, or the one
 * after `before` others, whose errors are their own.
 */
export function claimLost(error: unknown, path: string, before = 0): unknown {
  if (!(error instanceof ZkError) || (error.failedOp !== undefined && error.failedOp < before)) return error;
  if (error.code === 'NO_NODE') {
    return new ClaimLostError(path, error.failedOp === before ? 'lock-gone' : 'record-gone', { cause: error });
  }
  if (error.code === 'BAD_VERSION') {
    return new ClaimLostError(path, error.failedOp === before ? 'lock-gone' : 'record-changed', { cause: error });
  }
  return error;
}

function statOf(result: OpResult | undefined): Stat {
  if (result?.op !== 'set') throw new Error('a transaction answered something else than it was asked');
  return result.stat;
}

/** Attempts at removing something that others keep adding to. */
const REMOVAL_TRIES = 10;

/**
 * Removes a record with its lock directory and our contender in one transaction: nobody ever sees a part of it, and once
 * it is done nobody can hold the lock. Contenders of others in the directory go with it, as with Python's recursive
 * delete (zk-tree 8.2). Done as well when the record is gone already.
 */
export async function guardedRemove(
  parts: StoreParts,
  lock: HeldLock,
  path: string,
  version: number,
  canRemove: (descendants: readonly string[]) => boolean = () => true,
): Promise<void> {
  let extra: readonly string[] = [];
  let tries = 0;
  const attempt = async () => {
    for (;;) {
      try {
        await parts.zk.transaction(removalOps(lock, path, version, extra));
        return;
      } catch (error) {
        if (!isZkError(error, 'NO_NODE', 'NOT_EMPTY')) throw claimLost(error, path);
        if (isZkError(error, 'NO_NODE') && (await isGone(parts.zk, lock, path))) return;
        if (isZkError(error, 'NO_NODE') && error.failedOp === 0) throw claimLost(error, path);
        tries += 1;
        if (tries > REMOVAL_TRIES) throw error;
        const below = [...(await descendants(parts.zk, path)), ...(await descendants(parts.zk, lock.dir))];
        if (!canRemove(below)) throw new ClaimLostError(path, 'record-changed', { cause: error });
        extra = [...new Set(below)].filter((it) => it !== lock.contender && it !== lock.dir);
      }
    }
  };
  try {
    // Not until the lock's signal: that aborts with the contender, which may well have gone by our own doing.
    await untilKnown(parts, attempt, { sessionBound: true });
  } catch (error) {
    throw sessionLost(path, error);
  }
}

function removalOps(lock: HeldLock, path: string, version: number, extra: readonly string[]): Op[] {
  const remove = (it: string): Op => ({ op: 'delete', path: it });
  const [inLock, elsewhere] = [
    extra.filter((it) => it.startsWith(`${lock.dir}/`)),
    extra.filter((it) => !it.startsWith(`${lock.dir}/`)),
  ];
  return [
    remove(lock.contender),
    ...deepestFirst(inLock).map(remove),
    remove(lock.dir),
    ...deepestFirst(elsewhere).map(remove),
    { op: 'delete', path, version },
  ];
}

/** Whether the record is gone. What is left of its lock, which may lie elsewhere, is removed too. */
async function isGone(zk: ZooKeeper, lock: HeldLock, path: string): Promise<boolean> {
  await zk.sync(path);
  if ((await zk.exists(path)) !== undefined) return false;
  await deleteQuietly(zk, lock.contender);
  await deleteQuietly(zk, lock.dir);
  return true;
}

/** Deletes a znode unless it has children; gone already is fine. Whether it is gone now. */
export async function deleteQuietly(zk: ZooKeeper, path: string): Promise<boolean> {
  try {
    await zk.delete(path);
    return true;
  } catch (error) {
    if (isZkError(error, 'NO_NODE')) return true;
    if (isZkError(error, 'NOT_EMPTY')) return false;
    throw error;
  }
}

/** Deletes what `path` is and all below, as Python's recursive delete does; others may add to it meanwhile. */
export async function deleteTree(parts: StoreParts, path: string): Promise<void> {
  for (let tries = 0; tries < REMOVAL_TRIES; tries += 1) {
    const isDone = await untilKnown(parts, async () => {
      const below = deepestFirst(await descendants(parts.zk, path));
      for (const it of below) await deleteQuietly(parts.zk, it);
      return deleteQuietly(parts.zk, path);
    });
    if (isDone) return;
  }
  throw new ZkError('NOT_EMPTY', path);
}

/** All paths below `path`, unordered. */
export async function descendants(zk: ZooKeeper, path: string): Promise<string[]> {
  const children = await listIfThere(zk, path);
  const paths = children.map((it) => `${path}/${it}`);
  const below = await Promise.all(paths.map((it) => descendants(zk, it)));
  return [...paths, ...below.flat()];
}

function deepestFirst(paths: readonly string[]): string[] {
  return [...paths].sort((one, other) => other.length - one.length);
}

/** Makes an empty znode and its missing parents, up to and with the chroot itself; what is above that must exist (zk-tree 1). `signal` ends the wait for a link. */
export async function makePath(parts: StoreParts, path: string, signal?: AbortSignal): Promise<void> {
  const attempt = async () => {
    try {
      await parts.zk.create(path, Buffer.alloc(0));
    } catch (error) {
      if (isZkError(error, 'NODE_EXISTS')) return;
      if (!isZkError(error, 'NO_NODE') || path === '/') throw error;
      await makePath(parts, path.slice(0, path.lastIndexOf('/')) || '/', signal);
      await makePath(parts, path, signal);
    }
  };
  await untilKnown(parts, attempt, signal === undefined ? {} : { signal });
}
