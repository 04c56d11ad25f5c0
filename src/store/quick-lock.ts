import type { Op, Session, Stat } from '../zk/client';
import { isZkError, type ZkError } from '../zk/errors';
import { ContenderLock } from '../zk/held-lock';
import type { HeldLock } from '../zk/lock-api';
import { deleteQuietly, listIfThere, makePath } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

const EMPTY = Buffer.alloc(0);

export interface QuickLock {
  readonly dir: string;
  /** How the directory is believed to be; found otherwise, the other way is tried. */
  readonly dirIs: 'absent' | 'empty';
  /** The write that goes with the lock; it also proves that the record is the one that was looked at. */
  readonly path: string;
  readonly data: Buffer;
  readonly version: number;
  /** 32 digits of our own in the contender's name (zk-tree 10.1). */
  readonly hex: string;
  /** Steps before all others, which must hold as well. */
  readonly guard?: readonly Op[];
}

/** `contended`: somebody is in the lock directory. The others are about the record. */
export type QuickLockFailure = 'contended' | 'record-gone' | 'record-changed';

export interface QuickLocked {
  readonly lock: HeldLock;
  /** Of the record as written. */
  readonly stat: Stat;
}

/**
 * Lock and first write in one transaction, for a lock nobody contends for. A directory that the transaction itself makes, in
 * place of an empty one if need be, has no other contender, so ours is the lowest without looking; contenders of the
 * Python recipe find a directory before and after, and queue behind. Costs one write where the recipe and a write take
 * three requests and more. Throws SESSION_EXPIRED, the ZkError of a guard that does not hold, or the signal's reason; then
 * nothing of ours stays locked.
 */
export async function quickLock(
  parts: StoreParts,
  it: QuickLock,
  signal: AbortSignal,
): Promise<QuickLocked | QuickLockFailure> {
  let { dirIs } = it;
  let flips = 0;
  const attempt = async (unsure: boolean): Promise<QuickLocked | QuickLockFailure> => {
    for (;;) {
      const session = await parts.zk.connected(signal);
      try {
        const results = await parts.zk.transaction(steps(it, dirIs));
        const [set, contender] = [results[it.guard?.length ?? 0], results.at(-1)];
        if (set?.op !== 'set' || contender?.op !== 'create') throw new Error('a transaction answered something else');
        return held(parts, it, contender.path, set.stat, session);
      } catch (error) {
        if (!isZkError(error, 'NO_NODE', 'BAD_VERSION', 'NODE_EXISTS', 'NOT_EMPTY')) throw error;
        const own = unsure ? await findOwn(parts, it, session) : undefined;
        if (own !== undefined) return own;
        const failedStep = (error.failedOp ?? 0) - (it.guard?.length ?? 0);
        if (failedStep < 0) throw error;
        const failure = judge(error.code, failedStep, dirIs);
        if (failure === 'no-parent') {
          await makePath(parts, it.dir.slice(0, it.dir.lastIndexOf('/')), signal);
          continue;
        }
        if (failure !== 'other-way' || flips > 1) return failure === 'other-way' ? 'contended' : failure;
        dirIs = dirIs === 'absent' ? 'empty' : 'absent';
        flips += 1;
      }
    }
  };
  try {
    return await untilKnown(parts, attempt, { signal, sessionBound: true });
  } catch (error) {
    letGo(parts, it);
    throw error;
  }
}

function steps({ dir, path, data, version, hex, guard = [] }: QuickLock, dirIs: QuickLock['dirIs']): Op[] {
  return [
    ...guard,
    { op: 'set', path, data, version },
    ...(dirIs === 'empty' ? [{ op: 'delete', path: dir } as const] : []),
    { op: 'create', path: dir, data: EMPTY },
    { op: 'create', path: `${dir}/${hex}__lock__`, data: EMPTY, mode: 'ephemeral-sequential' },
  ];
}

function judge(
  code: ZkError['code'],
  failedStep: number,
  dirIs: QuickLock['dirIs'],
): QuickLockFailure | 'other-way' | 'no-parent' {
  if (code === 'BAD_VERSION') return 'record-changed';
  if (code === 'NOT_EMPTY') return 'contended';
  if (code === 'NODE_EXISTS') return 'other-way';
  if (failedStep === 0) return 'record-gone';
  return dirIs === 'absent' ? 'no-parent' : 'other-way'; // the parent of a node's lock is the record, which is there
}

/** All steps of a transaction have its zxid: the record's mzxid is the contender's czxid. */
function held(parts: StoreParts, it: QuickLock, contender: string, stat: Stat, session: Session): QuickLocked {
  parts.observe(it.path, it.data, stat);
  const own = { path: contender, czxid: stat.mzxid, session, isPersistent: false };
  const lock = new ContenderLock(parts.zk, it.dir, own, parts, parts.follow);
  return { lock, stat };
}

async function findOwn(parts: StoreParts, it: QuickLock, session: Session): Promise<QuickLocked | undefined> {
  const contender = await findContender(parts, it);
  const own = contender === undefined ? undefined : await parts.zk.exists(contender);
  if (contender === undefined || own?.ephemeralOwner !== session.id) return undefined;
  const { stat } = await parts.zk.get(it.path);
  return stat.mzxid === own.czxid ? held(parts, it, contender, stat, session) : undefined;
}

async function findContender(parts: StoreParts, { dir, hex }: QuickLock): Promise<string | undefined> {
  await parts.zk.sync(dir);
  const name = (await listIfThere(parts.zk, dir)).find((child) => child.startsWith(hex));
  return name === undefined ? undefined : `${dir}/${name}`;
}

/** Unlocks, in the background, what was perhaps locked by a transaction whose answer nobody waits for any more. */
function letGo(parts: StoreParts, it: QuickLock): void {
  const undo = async () => {
    const contender = await findContender(parts, it);
    if (contender !== undefined) await deleteQuietly(parts.zk, contender);
  };
  untilKnown(parts, undo).catch((error: unknown) => {
    if (!isZkError(error, 'SESSION_CLOSED')) parts.log.warn('cannot let go of a lock', { err: error, dir: it.dir });
  });
}
