import type { Op, OpResult, Session, Stat } from '../zk/client';
import { isZkError, type ZkError } from '../zk/errors';
import { ContenderLock } from '../zk/held-lock';
import type { HeldLock } from '../zk/lock-api';
import { deleteQuietly, listIfThere, makePath, readIfThere } from './guarded';
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

export interface QuickLockFailure {
  /** The first one that could not be had, by its place. */
  readonly at: number;
  /** `contended`: somebody is in the lock directory. The others are about the record. */
  readonly why: 'contended' | 'record-gone' | 'record-changed';
}

export interface QuickLocked {
  readonly lock: HeldLock;
  /** Of the record as written. */
  readonly stat: Stat;
}

/**
 * Locks and first writes in one transaction, for locks nobody contends for: all or none. A directory that the transaction itself
 * makes, in place of an empty one if need be, has no other contender, so ours is the lowest without looking; contenders of the
 * Python recipe find a directory before and after, and queue behind. Costs one write where the recipe and a write take
 * three requests and more. In the order of `locks`; throws SESSION_EXPIRED, the ZkError of a guard that does not hold (of the
 * first, `failedOp` being the place in it), or the signal's reason; then nothing of ours stays locked.
 */
export async function quickLocks(
  parts: StoreParts,
  locks: readonly QuickLock[],
  signal: AbortSignal,
): Promise<readonly QuickLocked[] | QuickLockFailure> {
  const wanted = locks.map((it) => ({ it, dirIs: it.dirIs, flips: 0 }));
  const attempt = async (unsure: boolean): Promise<readonly QuickLocked[] | QuickLockFailure> => {
    for (;;) {
      const session = await parts.zk.connected(signal);
      const steps = wanted.map(stepsOf);
      try {
        const results = await parts.zk.transaction(steps.flat());
        return heldAll(parts, wanted, steps, results, session);
      } catch (error) {
        if (!isZkError(error, 'NO_NODE', 'BAD_VERSION', 'NODE_EXISTS', 'NOT_EMPTY')) throw error;
        const own = unsure ? await findOwn(parts, locks, session) : undefined;
        if (own !== undefined) return own;
        const { at, step } = whose(wanted, steps, error.failedOp ?? 0);
        if (step < 0) throw error;
        const why = await otherwise(parts, wanted[at]!, error.code, step, signal);
        if (why === undefined) continue;
        if (unsure) letGo(parts, locks);
        return { at, why };
      }
    }
  };
  try {
    return await untilKnown(parts, attempt, { signal, sessionBound: true });
  } catch (error) {
    letGo(parts, locks);
    throw error;
  }
}

/** Makes ready to try once more, in another way, after this step of it failed; or says why that is no use. */
async function otherwise(
  parts: StoreParts,
  wanted: Wanted,
  code: ZkError['code'],
  failedStep: number,
  signal: AbortSignal,
): Promise<QuickLockFailure['why'] | undefined> {
  const { dir } = wanted.it;
  const failure = judge(code, failedStep, wanted.dirIs);
  if (failure === 'no-parent') await makePath(parts, dir.slice(0, dir.lastIndexOf('/')), signal);
  else if (failure !== 'other-way') return failure;
  else if (wanted.flips > 1) return 'contended';
  else {
    wanted.dirIs = wanted.dirIs === 'absent' ? 'empty' : 'absent';
    wanted.flips += 1;
  }
  return undefined;
}

interface Wanted {
  readonly it: QuickLock;
  dirIs: QuickLock['dirIs'];
  flips: number;
}

function stepsOf({ it: { dir, path, data, version, hex, guard = [] }, dirIs }: Wanted): Op[] {
  return [
    ...guard,
    { op: 'set', path, data, version },
    ...(dirIs === 'empty' ? [{ op: 'delete', path: dir } as const] : []),
    { op: 'create', path: dir, data: EMPTY },
    { op: 'create', path: `${dir}/${hex}__lock__`, data: EMPTY, mode: 'ephemeral-sequential' },
  ];
}

/** Whose step failed, and which of its own it is, those of its guard counted below zero. */
function whose(wanted: readonly Wanted[], steps: readonly (readonly Op[])[], failedOp: number) {
  let at = 0;
  const index = steps.findIndex((it) => failedOp < (at += it.length));
  const { guard = [] } = wanted[index]!.it;
  return { at: index, step: failedOp - (at - steps[index]!.length) - guard.length };
}

function judge(
  code: ZkError['code'],
  failedStep: number,
  dirIs: QuickLock['dirIs'],
): QuickLockFailure['why'] | 'other-way' | 'no-parent' {
  if (code === 'BAD_VERSION') return 'record-changed';
  if (code === 'NOT_EMPTY') return 'contended';
  if (code === 'NODE_EXISTS') return 'other-way';
  if (failedStep === 0) return 'record-gone';
  return dirIs === 'absent' ? 'no-parent' : 'other-way'; // the parent of a node's lock is the record, which is there
}

function heldAll(
  parts: StoreParts,
  wanted: readonly Wanted[],
  steps: readonly (readonly Op[])[],
  results: readonly OpResult[],
  session: Session,
): readonly QuickLocked[] {
  let at = 0;
  return wanted.map(({ it }, index) => {
    const set = results[at + (it.guard?.length ?? 0)];
    const contender = results[(at += steps[index]!.length) - 1];
    if (set?.op !== 'set' || contender?.op !== 'create') throw new Error('a transaction answered something else');
    return held(parts, it, contender.path, set.stat, session);
  });
}

/** All steps of a transaction have its zxid: the record's mzxid is the contender's czxid. */
function held(parts: StoreParts, it: QuickLock, contender: string, stat: Stat, session: Session): QuickLocked {
  parts.observe(it.path, it.data, stat);
  const own = { path: contender, czxid: stat.mzxid, session, isPersistent: false };
  const lock = new ContenderLock(parts.zk, it.dir, own, parts, parts.follow);
  return { lock, stat };
}

/** What an earlier try locked; undefined unless all of it is as that try left it. */
async function findOwn(
  parts: StoreParts,
  locks: readonly QuickLock[],
  session: Session,
): Promise<readonly QuickLocked[] | undefined> {
  const found: { it: QuickLock; contender: string; stat: Stat }[] = [];
  for (const it of locks) {
    const contender = await findContender(parts, it);
    const own = contender === undefined ? undefined : await parts.zk.exists(contender);
    if (contender === undefined || own?.ephemeralOwner !== session.id) return undefined;
    const record = await readIfThere(parts, it.path);
    if (record?.stat.mzxid !== own.czxid) return undefined;
    found.push({ it, contender, stat: record.stat });
  }
  return found.map(({ it, contender, stat }) => held(parts, it, contender, stat, session));
}

async function findContender(parts: StoreParts, { dir, hex }: QuickLock): Promise<string | undefined> {
  await parts.zk.sync(dir);
  const name = (await listIfThere(parts.zk, dir)).find((child) => child.startsWith(hex));
  return name === undefined ? undefined : `${dir}/${name}`;
}

/** Unlocks, in the background, what was perhaps locked by a transaction whose answer nobody waits for any more. */
function letGo(parts: StoreParts, locks: readonly QuickLock[]): void {
  for (const it of locks) {
    const undo = async () => {
      const contender = await findContender(parts, it);
      if (contender !== undefined) await deleteQuietly(parts.zk, contender);
    };
    untilKnown(parts, undo).catch((error: unknown) => {
      if (!isZkError(error, 'SESSION_CLOSED')) parts.log.warn('cannot let go of a lock', { err: error, dir: it.dir });
    });
  }
}
