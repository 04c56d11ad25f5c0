import type { Op } from './client';

/**
 * A lock that is held, or was. It is only advice: work stops on `signal`, asks `isHeld()` before an outside effect, and
 * puts `guard()` into every write, so that nothing is written once the lock is gone (zookeeper-client 7.3).
 */
export interface HeldLock {
  /** The lock directory. */
  readonly dir: string;
  /** Full path of our contender. */
  readonly contender: string;
  /** czxid of the contender: strictly increasing over the ensemble's life. Attach it to outside effects. */
  readonly fence: bigint;
  /** Aborts when the lock is gone: session lost, contender vanished, or released. */
  readonly signal: AbortSignal;
  /** False from the end of the lease on, and true again when the same session came back and the contender was checked. */
  isHeld(): boolean;
  /** A step for a transaction that fails with NO_NODE when the contender is gone. */
  guard(): Op;
  /** Deletes the contender; after a lost link in the background until certain. Never throws, idempotent. */
  release(): Promise<void>;
}

export interface AcquireOptions {
  /** Ends waiting; the contender is removed, in the background if need be. */
  readonly signal: AbortSignal;
  /** Give up after this many milliseconds; 0 = do not wait at all. Default: wait until `signal`. */
  readonly timeoutMs?: number;
  /** Text put into the contender, normally empty. */
  readonly identifier?: string;
  /**
   * 'create' makes all missing parents like the Python recipe. 'require' makes at most the lock directory itself and fails
   * with NO_NODE when its parent is gone, so that a deleted record is not resurrected (zk-tree 14).
   */
  readonly parents?: 'create' | 'require';
}
