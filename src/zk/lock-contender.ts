import { Backoff } from '../runtime/backoff';
import type { Session, ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { isOutcomeUnknown, isZkError } from './errors';
import { contenderQueue } from './lock-turn';

/** A znode of ours in a lock directory. */
export interface Contender {
  readonly path: string;
  readonly czxid: bigint;
  /** Whose end is the contender's end; a persistent contender ends with nobody. */
  readonly session: Session;
}

/** One try to get a contender; knows enough to undo it when its outcome never became known. */
export interface ContenderAttempt {
  readonly dir: string;
  /** 32 hex digits that are in no other name: how we find our own again after a lost answer. */
  readonly hex: string;
  readonly data: Buffer;
  readonly parents: 'create' | 'require';
  readonly persistent: boolean;
  /** The session of the last create that was sent. */
  sentIn?: Session;
}

const RETRY_DELAY = { firstMs: 10, maxMs: 1_000 };

/**
 * Creates the contender. After a lost answer it looks for its own name before it creates again, so there is never more
 * than one (protected create, zookeeper-client 7.4). Throws the reason of `quit`, NO_NODE where a parent is required.
 */
export async function createContender(
  zk: ZooKeeper,
  attempt: ContenderAttempt,
  quit: AbortSignal,
  tools: ZkTools,
): Promise<Contender> {
  const backoff = new Backoff(RETRY_DELAY, tools.random);
  for (;;) {
    await zk.connected(quit);
    try {
      const contender = await adoptOrCreate(zk, attempt, quit);
      if (contender !== undefined) return contender;
    } catch (error) {
      if (isZkError(error, 'NO_NODE')) await makeLockDir(zk, attempt, quit);
      else if (!isRepeatable(error)) throw error;
    }
    if (backoff.attempts > 0) await tools.clock.sleep(backoff.next(), quit);
    else backoff.next(); // the first repeat comes at once
  }
}

async function adoptOrCreate(
  zk: ZooKeeper,
  attempt: ContenderAttempt,
  quit: AbortSignal,
): Promise<Contender | undefined> {
  if (attempt.sentIn !== undefined) {
    const found = await findContender(zk, attempt, quit);
    if (found !== undefined) return found;
  }
  const mode = attempt.persistent ? 'persistent-sequential' : 'ephemeral-sequential';
  const sentIn = zk.session;
  if (sentIn === undefined) return undefined;
  const before = attempt.sentIn;
  attempt.sentIn = sentIn;
  try {
    const { path, stat } = await zk.create(`${attempt.dir}/${attempt.hex}__lock__`, attempt.data, {
      mode,
      signal: quit,
    });
    return ownContender(zk, attempt, path, stat);
  } catch (error) {
    // Certain that nothing was made: nothing to look for.
    if (isZkError(error) && !isOutcomeUnknown(error)) restore(attempt, before);
    throw error;
  }
}

function restore(attempt: ContenderAttempt, sentIn: Session | undefined): void {
  if (sentIn === undefined) delete attempt.sentIn;
  else attempt.sentIn = sentIn;
}

/** Our contender, if it is there and its owner is the present session; that of a dead session is none. */
async function findContender(
  zk: ZooKeeper,
  attempt: ContenderAttempt,
  quit: AbortSignal,
): Promise<Contender | undefined> {
  const options = { signal: quit };
  await zk.sync(attempt.dir, options);
  const { children } = await zk.children(attempt.dir, options);
  for (const name of contenderQueue(children).filter((it) => it.startsWith(attempt.hex))) {
    const path = `${attempt.dir}/${name}`;
    const stat = await zk.exists(path, options);
    const own = stat === undefined ? undefined : ownContender(zk, attempt, path, stat);
    if (own !== undefined) return own;
  }
  return undefined;
}

function ownContender(
  zk: ZooKeeper,
  attempt: ContenderAttempt,
  path: string,
  stat: { readonly czxid: bigint; readonly ephemeralOwner: bigint },
): Contender | undefined {
  const session = zk.session;
  if (session === undefined) return undefined;
  const owned = attempt.persistent ? 0n : session.id;
  return stat.ephemeralOwner === owned ? { path, czxid: stat.czxid, session } : undefined;
}

function isRepeatable(error: unknown): boolean {
  return isOutcomeUnknown(error) || isZkError(error, 'THROTTLED_OP', 'SESSION_EXPIRED');
}

/** 'require' makes the lock directory only, so that a deleted record is not resurrected (zk-tree 14). */
async function makeLockDir(zk: ZooKeeper, attempt: ContenderAttempt, quit: AbortSignal): Promise<void> {
  try {
    await makeDir(zk, attempt.dir, attempt.parents === 'create', quit);
  } catch (error) {
    if (!isRepeatable(error)) throw error;
  }
}

async function makeDir(zk: ZooKeeper, dir: string, parents: boolean, quit: AbortSignal): Promise<void> {
  const make = () => zk.create(dir, Buffer.alloc(0), { signal: quit });
  const parent = dir.slice(0, dir.lastIndexOf('/'));
  try {
    await make();
  } catch (error) {
    if (isZkError(error, 'NODE_EXISTS')) return;
    if (!isZkError(error, 'NO_NODE') || !parents || parent === '') throw error;
    await makeDir(zk, parent, parents, quit);
    await makeDir(zk, dir, false, quit);
  }
}

/**
 * Removes a contender, repeating after lost links until certain. Resolves after the first try; what is left to do goes on
 * in the background, until done or the session is another one. Never throws.
 */
export async function removeContender(zk: ZooKeeper, contender: Contender, tools: ZkTools): Promise<void> {
  try {
    if (zk.session?.id === contender.session.id) return await deleteIfThere(zk, contender.path);
  } catch (error) {
    if (isZkError(error, 'SESSION_CLOSED')) return;
  }
  void untilCertain(zk, contender.session, () => deleteIfThere(zk, contender.path), tools);
}

/** Undoes an attempt whose outcome is not known, in the background. */
export function forgetAttempt(zk: ZooKeeper, attempt: ContenderAttempt, tools: ZkTools): void {
  const { sentIn } = attempt;
  if (sentIn === undefined) return;
  const undo = async () => {
    const found = await findContender(zk, attempt, new AbortController().signal);
    if (found !== undefined) await deleteIfThere(zk, found.path);
  };
  void untilCertain(zk, sentIn, undo, tools);
}

async function deleteIfThere(zk: ZooKeeper, path: string): Promise<void> {
  await zk.delete(path).catch((error: unknown) => {
    if (!isZkError(error, 'NO_NODE')) throw error;
  });
}

/**
 * Repeats `work` until it succeeds, in the session that it concerns: another one means that the server has done it. Goes on
 * after `session.lost`, because a session that we gave up may have been kept by the server.
 */
async function untilCertain(zk: ZooKeeper, session: Session, work: () => Promise<void>, tools: ZkTools): Promise<void> {
  const backoff = new Backoff(RETRY_DELAY, tools.random);
  for (;;) {
    try {
      const present = await zk.connected();
      if (present.id !== session.id) return;
      return await work();
    } catch (error) {
      if (isZkError(error, 'SESSION_CLOSED', 'NO_NODE')) return;
      if (!isRepeatable(error)) return tools.log.warn('cannot remove a lock contender', { err: error });
      if (backoff.attempts > 0) await tools.clock.sleep(backoff.next());
      else backoff.next();
    }
  }
}
