import { setMaxListeners } from 'node:events';
import { checkMove, type Moves } from '../model/moves';
import { classifyPath } from '../model/path-kinds';
import { wallSeconds } from '../runtime/clock';
import type { Op, Stat } from '../zk/client';
import { isZkError } from '../zk/errors';
import type { HeldLock } from '../zk/lock-api';
import { acquireLockAndRead, type LockAndRecord } from '../zk/lock';
import { type Claim, ClaimLostError, type RecordClaim, type Stored } from './api';
import { type Parse, type Print, toStored } from './entries';
import { guardedRemove, guardedSet, readIfThere } from './guarded';
import { type FinalWrite, writeAndUnlock } from './hand-over';
import type { StoreParts } from './parts';
import { type QuickLock, type QuickLocked, quickLocks } from './quick-lock';

interface Stateful<S extends string> {
  readonly state: S;
  readonly stateTime: number;
}

/** How records of one kind are read, written and moved. */
export interface RecordKind<T extends Stateful<S>, S extends string = T['state']> {
  /** For messages: `node`, `request`, … */
  readonly what: string;
  readonly parse: Parse<T>;
  readonly print: Print<T>;
  readonly moves: Moves<S>;
}

export interface LastWrite {
  readonly write: FinalWrite;
  readonly done: (stat: Stat | undefined) => void;
}

/** Carries out the last writes of several claims as one. */
export async function writeAllAndRelease(parts: StoreParts, writes: readonly LastWrite[]): Promise<void> {
  const stats = await writeAndUnlock(
    parts,
    writes.map((it) => it.write),
  );
  writes.forEach((it, index) => it.done(stats[index]));
}

/** A lock as a claim. */
export class LockClaim implements Claim {
  #removed = false;

  constructor(
    protected readonly parts: StoreParts,
    protected readonly lock: HeldLock,
  ) {}

  get signal(): AbortSignal {
    return this.lock.signal;
  }
  get fence(): bigint {
    return this.lock.fence;
  }
  isHeld(): boolean {
    return !this.#removed && this.lock.isHeld();
  }
  async release(): Promise<void> {
    if (!this.#removed) await this.lock.release(); // else its contender went with the record, which the lock notices itself
  }
  protected markRemoved(): void {
    this.#removed = true;
  }
}

/** A claim on one record. Writes queue up, so that each is conditional on the one before. */
export class LockedRecord<T extends Stateful<S>, S extends string = T['state']>
  extends LockClaim
  implements RecordClaim<T>
{
  #current: Stored<T>;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    parts: StoreParts,
    lock: HeldLock,
    protected readonly path: string,
    private readonly kind: RecordKind<T, S>,
    current: Stored<T>,
    private readonly canRemove?: (descendants: readonly string[]) => boolean,
  ) {
    super(parts, lock);
    this.#current = current;
  }

  get current(): Stored<T> {
    return this.#current;
  }

  write(change: Partial<T>, guard: readonly Op[] = []): Promise<Stored<T>> {
    return this.#enqueue(async () => {
      const record = changed(this.#current.record, change, this.kind, wallSeconds(this.parts.clock));
      const data = this.kind.print(record);
      const stat = await guardedSet(this.parts, this.lock, this.path, data, this.#current.version, guard);
      this.parts.observe(this.path, data, stat);
      return this.#keep(record, stat);
    });
  }

  async writeAndRelease(change: Partial<T>): Promise<Stored<T>> {
    await writeAllAndRelease(this.parts, [await this.lastWrite(change)]);
    return this.#current;
  }

  /** The write that ends this claim, once all before it are done; `done` is to be called when it was carried out. */
  async lastWrite(change: Partial<T>): Promise<LastWrite> {
    await this.#queue;
    const record = changed(this.#current.record, change, this.kind, wallSeconds(this.parts.clock));
    const { path, lock } = this;
    const write = { path, contender: lock.contender, data: this.kind.print(record), version: this.#current.version };
    const done = (stat: Stat | undefined) => {
      this.markRemoved();
      this.parts.observe(lock.contender, undefined, undefined);
      if (stat === undefined) return;
      this.parts.observe(path, write.data, stat);
      this.#keep(record, stat);
    };
    return { write, done };
  }

  remove(): Promise<void> {
    return this.#enqueue(async () => {
      await guardedRemove(this.parts, this.lock, this.path, this.#current.version, this.canRemove);
      this.markRemoved();
      this.parts.observe(this.path, undefined, undefined);
    });
  }

  #keep(record: T, { version, mzxid, mtime }: Stat): Stored<T> {
    this.#current = { record, version, mzxid, createdAt: this.#current.createdAt, changedAt: mtime / 1000 };
    return this.#current;
  }

  #enqueue<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined); // whoever asked for it hears of it
    return result;
  }
}

/** The record with `change` applied; its state time is now if the state changes, unless the change says otherwise. */
export function changed<T extends Stateful<S>, S extends string>(
  record: T,
  change: Partial<T>,
  kind: Pick<RecordKind<T, S>, 'what' | 'moves'>,
  nowSeconds: number,
): T {
  const next = { ...record, ...change };
  checkMove(kind.moves, kind.what, record.state, next.state);
  return next.state !== record.state && change.stateTime === undefined ? { ...next, stateTime: nowSeconds } : next;
}

export interface LockRequest {
  readonly dir: string;
  readonly signal: AbortSignal;
  /** Default 0: do not wait. */
  readonly timeoutMs?: number | undefined;
  readonly parents?: 'create' | 'require';
}

/** Takes a lock; undefined if it is held by others, or if the parent that it requires is gone. */
export async function tryLock(parts: StoreParts, request: LockRequest): Promise<HeldLock | undefined> {
  return (await tryLockAndRead(parts, request, undefined))?.lock;
}

async function tryLockAndRead(
  parts: StoreParts,
  request: LockRequest,
  path: string | undefined,
): Promise<LockAndRecord | undefined> {
  const { dir, signal, timeoutMs = 0, parents = 'require' } = request;
  setMaxListeners(0, signal);
  try {
    return await acquireLockAndRead(parts.zk, dir, path, { signal, timeoutMs, parents }, parts);
  } catch (error) {
    if (parents === 'require' && isZkError(error, 'NO_NODE')) return undefined;
    throw error;
  }
}

/**
 * Locks a record and re-reads it. Undefined if the lock is held by others, or the record is gone. A record found empty is
 * what somebody's lock attempt resurrected (zk-tree 14): it is removed. Throws a RecordError if it cannot be parsed.
 */
export async function claimRecord<T>(
  parts: StoreParts,
  request: LockRequest,
  path: string,
  parse: Parse<T>,
): Promise<{ readonly lock: HeldLock; readonly current: Stored<T> } | undefined> {
  const locked = await tryLockAndRead(parts, request, path);
  if (locked === undefined) return undefined;
  const { lock, read } = locked;
  try {
    const found = read?.op === 'get' ? read : await readIfThere(parts, path, lock.signal);
    if (found !== undefined && found.data.length > 0) return { lock, current: toStored(found, parse) };
    await removeEmpty(parts, lock, path, found?.stat.version ?? 0);
    return undefined;
  } catch (error) {
    await lock.release();
    if (lock.signal.aborted && error === lock.signal.reason) return undefined;
    throw error;
  }
}

/** An upload below an empty build still stands for an image in a cloud. */
export function hasNoUpload(descendants: readonly string[]): boolean {
  return descendants.every((it) => classifyPath(it).kind !== 'upload');
}

/** With its lock directory; just that, if the record is not there at all. */
async function removeEmpty(parts: StoreParts, lock: HeldLock, path: string, version: number): Promise<void> {
  try {
    await guardedRemove(parts, lock, path, version, hasNoUpload);
    parts.observe(path, undefined, undefined);
  } catch (error) {
    if (!(error instanceof ClaimLostError)) throw error; // somebody filled or removed it: theirs
  }
  await lock.release();
}

export interface QuickClaim<T> {
  readonly dir: string;
  readonly dirIs: 'absent' | 'empty';
  readonly path: string;
  readonly record: T;
  readonly entry: Pick<Stored<T>, 'version' | 'createdAt'>;
  readonly guard?: readonly Op[];
}

/** A claim to be made in one step, perhaps together with others. */
export interface PlannedClaim<C> {
  readonly lock: QuickLock;
  readonly made: (locked: QuickLocked) => C;
}

export function planClaim<T, C>(
  parts: StoreParts,
  { dir, dirIs, path, record, entry, guard = [] }: QuickClaim<T>,
  print: Print<T>,
  toClaim: (lock: HeldLock, current: Stored<T>) => C,
): PlannedClaim<C> {
  return {
    lock: { dir, dirIs, path, data: print(record), version: entry.version, hex: parts.random.hex(16), guard },
    made: ({ lock, stat: { version, mzxid, mtime } }) =>
      toClaim(lock, { record, version, mzxid, createdAt: entry.createdAt, changedAt: mtime / 1000 }),
  };
}

/** Locks a record and writes it in one step; undefined if it is not as it was, or somebody contends for its lock. */
export async function quickClaim<C>(
  parts: StoreParts,
  planned: PlannedClaim<C> | undefined,
  signal: AbortSignal,
): Promise<C | undefined> {
  if (planned === undefined) return undefined;
  const locked = await quickLocks(parts, [planned.lock], signal);
  return 'why' in locked ? undefined : planned.made(locked[0]!);
}
