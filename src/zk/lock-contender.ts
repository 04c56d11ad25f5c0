import type { Session, ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { isZkError, ZkError } from './errors';
import { protectedCreate, type ProtectedNode } from './protected-create';
import { repeat, retryRead, type RetryOptions } from './retry';

/** A znode of ours in a lock directory. */
export interface Contender {
  readonly path: string;
  readonly czxid: bigint;
  /** Whose end is the contender's end, unless it is persistent. */
  readonly session: Session;
  readonly isPersistent: boolean;
}

export interface ContenderOptions {
  readonly dir: string;
  readonly data: Buffer;
  readonly parents: 'create' | 'require';
  readonly mode: 'ephemeral-sequential' | 'persistent-sequential';
  /** See `ProtectedCreateOptions`. */
  readonly onSent?: () => void;
}

/**
 * Creates the contender, exactly one however many answers are lost, and its directory as told by `parents`. Throws the reason
 * of `signal`, NO_NODE where a parent is required, SESSION_EXPIRED when the session ended meanwhile; nothing is left then.
 */
export async function createContender(
  zk: ZooKeeper,
  options: ContenderOptions,
  retry: RetryOptions,
): Promise<Contender> {
  for (;;) {
    try {
      const { path, stat } = await protectedNode(zk, options, retry);
      const { session } = zk;
      const isAlive = stat.ephemeralOwner === 0n || stat.ephemeralOwner === session?.id;
      if (session === undefined || !isAlive) throw new ZkError('SESSION_EXPIRED', path);
      return { path, czxid: stat.czxid, session, isPersistent: stat.ephemeralOwner === 0n };
    } catch (error) {
      if (!isZkError(error, 'NO_NODE')) throw error;
      await makeDir(zk, options.dir, options.parents === 'create', retry);
    }
  }
}

function protectedNode(
  zk: ZooKeeper,
  { dir, data, mode, onSent }: ContenderOptions,
  retry: RetryOptions,
): Promise<ProtectedNode> {
  return protectedCreate(zk, dir, data, {
    ...retry,
    mode,
    suffix: '__lock__',
    ...(onSent === undefined ? {} : { onSent }),
  });
}

/** 'require' makes the lock directory only, so that a deleted record is not resurrected (zk-tree 14). */
async function makeDir(zk: ZooKeeper, dir: string, parents: boolean, retry: RetryOptions): Promise<void> {
  const parent = dir.slice(0, dir.lastIndexOf('/'));
  try {
    await repeat(zk, () => zk.create(dir, Buffer.alloc(0), { signal: retry.signal }), retry, 'any-session');
  } catch (error) {
    if (isZkError(error, 'NODE_EXISTS')) return;
    if (!isZkError(error, 'NO_NODE') || !parents || parent === '') throw error;
    await makeDir(zk, parent, parents, retry);
    await makeDir(zk, dir, false, retry);
  }
}

/**
 * Removes a contender. Resolves after the first try; where its outcome is unknown, trying goes on in the background until it
 * is certain, or the session is over and with it the contender. Never throws.
 */
export async function removeContender(zk: ZooKeeper, contender: Contender, tools: ZkTools): Promise<void> {
  if (!contender.isPersistent && zk.session !== contender.session) return;
  try {
    await deleteIfThere(zk, contender.path);
  } catch {
    void removeUntilCertain(zk, contender, tools);
  }
}

async function removeUntilCertain(zk: ZooKeeper, contender: Contender, tools: ZkTools): Promise<void> {
  const remove = async () => {
    if (contender.isPersistent || zk.session === contender.session) await deleteIfThere(zk, contender.path);
  };
  try {
    // Repeated like a read: nobody else makes a znode of this name, so deleting twice is harmless.
    await retryRead(zk, remove, { tools, signal: new AbortController().signal });
  } catch (error) {
    if (isZkError(error, 'SESSION_CLOSED')) return;
    tools.log.warn('cannot remove a lock contender', { err: error });
  }
}

async function deleteIfThere(zk: ZooKeeper, path: string): Promise<void> {
  await zk.delete(path).catch((error: unknown) => {
    if (!isZkError(error, 'NO_NODE')) throw error;
  });
}
