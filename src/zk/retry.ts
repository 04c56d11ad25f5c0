import { Backoff } from '../runtime/backoff';
import type { CreateOptions, NodeData, Op, OpResult, Session, Stat, ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { isOutcomeUnknown, isZkError, ZkError } from './errors';

/**
 * What may be repeated after a lost link or a passed deadline, and how one finds out whether the first try was carried out
 * after all (zookeeper-client 7.4). Every function goes on until its `signal` aborts and then throws its reason.
 *
 * Reads go on over a new session. Writes belong to the session in which they began: when that is lost they fail with
 * SESSION_EXPIRED, because what they were based on, a lock as a rule, is gone; the caller decides anew.
 */
export interface RetryOptions {
  readonly tools: ZkTools;
  /** The caller's patience. */
  readonly signal: AbortSignal;
}

export interface RetryCreateOptions extends RetryOptions, Pick<CreateOptions, 'acl'> {
  readonly mode?: 'persistent' | 'ephemeral';
  /**
   * Whether a znode found after a lost answer is the one we made. Default: an ephemeral one by its owner, a persistent one by
   * its data, which must then hold something that nobody else would write if it matters who made it.
   */
  readonly isOurs?: (found: NodeData, session: Session) => boolean;
}

/** Repeats a read, `sync` or `addWatch` as often as it takes. */
export function retryRead<T>(zk: ZooKeeper, read: (zk: ZooKeeper) => Promise<T>, options: RetryOptions): Promise<T> {
  return repeat(zk, () => read(zk), options, 'any-session');
}

/** Deletes; NO_NODE on a repeat means done, so nobody else may create that path again. */
export function retryDelete(
  zk: ZooKeeper,
  path: string,
  version: number | undefined,
  options: RetryOptions,
): Promise<void> {
  return repeat(
    zk,
    async ({ isRepeat }) => {
      try {
        await zk.delete(path, version, { signal: options.signal });
      } catch (error) {
        if (!isRepeat || !isZkError(error, 'NO_NODE')) throw error;
      }
    },
    options,
  );
}

/**
 * Writes on top of `version`. BAD_VERSION on a repeat is success if the next version holds our data. `version` undefined
 * writes whatever is there: only where writing twice is harmless.
 */
export function retrySet(
  zk: ZooKeeper,
  path: string,
  data: Buffer,
  version: number | undefined,
  options: RetryOptions,
): Promise<Stat> {
  return repeat(
    zk,
    async ({ isRepeat }) => {
      try {
        return await zk.set(path, data, version, { signal: options.signal });
      } catch (error) {
        if (!isRepeat || version === undefined || !isZkError(error, 'BAD_VERSION')) throw error;
        const found = await readAfter(zk, path, options);
        if (found === undefined || !isWritten(found, data, version)) throw error;
        return found.stat;
      }
    },
    options,
  );
}

/** Creates a znode of a fixed name. NODE_EXISTS on a repeat is success if the znode is ours. */
export function retryCreate(
  zk: ZooKeeper,
  path: string,
  data: Buffer,
  options: RetryCreateOptions,
): Promise<{ readonly path: string; readonly stat: Stat }> {
  const { mode = 'persistent', acl, signal } = options;
  const isOurs = options.isOurs ?? ((found, session) => isMade(found, session, data, mode));
  return repeat(
    zk,
    async ({ isRepeat, session }) => {
      try {
        return await zk.create(path, data, { mode, signal, ...(acl === undefined ? {} : { acl }) });
      } catch (error) {
        if (!isRepeat || !isZkError(error, 'NODE_EXISTS')) throw error;
        const found = await readAfter(zk, path, options);
        if (found === undefined || !isOurs(found, session)) throw error;
        return { path, stat: found.stat };
      }
    },
    options,
  );
}

/**
 * Carries a transaction out once. One step must be able to succeed only once: a `set` with a version, or a `create` of a
 * fixed name whose data nobody else would write; else BAD_ARGUMENTS. Undefined where it was carried out but its answer was lost.
 */
export function retryTransaction(
  zk: ZooKeeper,
  ops: readonly Op[],
  options: RetryOptions,
): Promise<readonly OpResult[] | undefined> {
  const witness = ops.find((it) => isWitness(it));
  if (witness === undefined) return Promise.reject(new ZkError('BAD_ARGUMENTS'));
  return repeat(
    zk,
    async ({ isRepeat, session }) => {
      try {
        return await zk.transaction(ops, { signal: options.signal });
      } catch (error) {
        if (!isRepeat || isRepeatable(error) || !isZkError(error)) throw error;
        const found = await readAfter(zk, witness.path, options);
        if (found === undefined || !hasHappened(witness, found, session)) throw error;
        return undefined;
      }
    },
    options,
  );
}

/** What an attempt knows: whether an earlier one may have been carried out, and its session. */
export interface Attempt {
  readonly isRepeat: boolean;
  readonly session: Session;
}

/**
 * Tries until it works, fails for good, or `signal` aborts: waits for the link, then backs off 20 ms to 2 s between
 * tries. For recipes with rules of their own.
 */
export async function repeat<T>(
  zk: ZooKeeper,
  attempt: (attempt: Attempt) => Promise<T>,
  { tools, signal }: RetryOptions,
  scope: 'one-session' | 'any-session' = 'one-session',
): Promise<T> {
  const backoff = new Backoff({ firstMs: 20, maxMs: 2_000 }, tools.random);
  let isRepeat = false;
  let first: Session | undefined;
  for (;;) {
    signal.throwIfAborted();
    const session = await zk.connected(signal);
    first ??= session;
    if (scope === 'one-session' && session !== first) throw new ZkError('SESSION_EXPIRED');
    try {
      return await attempt({ isRepeat, session });
    } catch (error) {
      signal.throwIfAborted();
      const isNewSessionDue = scope === 'any-session' && isZkError(error, 'SESSION_EXPIRED');
      if (!isRepeatable(error) && !isNewSessionDue) throw error;
      isRepeat ||= isOutcomeUnknown(error);
    }
    await tools.clock.sleep(backoff.next(), signal);
  }
}

/** Nothing of a throttled request was carried out; of the others one cannot know. */
function isRepeatable(error: unknown): boolean {
  return isOutcomeUnknown(error) || isZkError(error, 'THROTTLED_OP');
}

/** What is there now, not before; undefined if nothing is. */
async function readAfter(zk: ZooKeeper, path: string, options: RetryOptions): Promise<NodeData | undefined> {
  try {
    return await retryRead(
      zk,
      async () => {
        await zk.sync(path, { signal: options.signal });
        return zk.get(path, { signal: options.signal });
      },
      options,
    );
  } catch (error) {
    if (isZkError(error, 'NO_NODE')) return undefined;
    throw error;
  }
}

function isWritten(found: NodeData, data: Buffer, onVersion: number): boolean {
  return found.stat.version === onVersion + 1 && found.data.equals(data);
}

function isMade(found: NodeData, session: Session, data: Buffer, mode: CreateOptions['mode']): boolean {
  if (mode === 'ephemeral') return found.stat.ephemeralOwner === session.id;
  return found.stat.ephemeralOwner === 0n && found.data.equals(data);
}

type Witness = Extract<Op, { op: 'set' | 'create' }>;

function isWitness(op: Op): op is Witness {
  if (op.op === 'set') return op.version !== undefined && op.version >= 0;
  return op.op === 'create' && (op.mode === undefined || op.mode === 'persistent' || op.mode === 'ephemeral');
}

function hasHappened(op: Witness, found: NodeData, session: Session): boolean {
  if (op.op === 'set') return isWritten(found, op.data, op.version!);
  return isMade(found, session, op.data, op.mode);
}
