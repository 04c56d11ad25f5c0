import { printNode } from '../model/node-record';
import { nodeLock, NODES } from '../model/paths';
import type { Node } from '../model/records';
import type { Op, OpResult, Session, Stat } from '../zk/client';
import { isZkError, type ZkError } from '../zk/errors';
import { ContenderLock } from '../zk/held-lock';
import type { HeldLock } from '../zk/lock-api';
import { ClaimLostError, type Stored } from './api';
import { createOnce, findCreated, type SequentialCreate } from './create-once';
import { claimLost, deleteQuietly, listIfThere } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

const EMPTY = Buffer.alloc(0);

export interface CreatedNode {
  readonly id: string;
  readonly path: string;
  readonly lock: HeldLock;
  readonly current: Stored<Node>;
}

/**
 * A node, locked, in two writes. The first creates it as `init`, which no launcher takes for garbage; it carries a token in
 * its comment, by which it is found again if the answer is lost (the name has no room for one, and keys of our own could
 * clash with Zuul's attributes, zk-tree 8). The second makes the lock directory and our contender, and turns the record
 * into what was asked for, token gone: one transaction, so that no one ever sees it `building` and unlocked.
 */
export async function createNode(
  parts: StoreParts,
  node: Node,
  extra: readonly Op[],
  signal: AbortSignal,
): Promise<CreatedNode | { readonly path: string; readonly id: string; readonly lockTaken: true }> {
  const token = `creating ${parts.random.hex(16)}`;
  const request: SequentialCreate = {
    dir: NODES,
    prefix: '',
    data: printNode({ ...node, state: 'init', comment: token }),
    mode: 'persistent-sequential',
    isOwn: (_path, found) => found.data.includes(token),
    extra,
    makesParents: true,
  };
  const { path } = await createOnce(parts, request, { signal }).catch((error: unknown) => {
    if (signal.aborted) inBackground(parts, () => forget(parts, request)); // it may have been carried out
    throw error;
  });
  const id = path.slice(NODES.length + 1);
  const hex = parts.random.hex(16);
  try {
    const locked = await lockNew(parts, id, path, hex, node, signal);
    return locked ?? { path, id, lockTaken: true };
  } catch (error) {
    inBackground(parts, () => abandon(parts, id, path, hex));
    throw error;
  }
}

/** Undefined when somebody made the lock directory before us (`nodepool list` of Python does): lock it as any other. */
async function lockNew(
  parts: StoreParts,
  id: string,
  path: string,
  hex: string,
  node: Node,
  signal: AbortSignal,
): Promise<CreatedNode | undefined> {
  const dir = nodeLock(id);
  const data = printNode(node);
  const ops: Op[] = [
    { op: 'set', path, data, version: 0 },
    { op: 'create', path: dir, data: EMPTY },
    { op: 'create', path: `${dir}/${hex}__lock__`, data: EMPTY, mode: 'ephemeral-sequential' },
  ];
  const attempt = async (unsure: boolean): Promise<CreatedNode | undefined> => {
    const session = await parts.zk.connected(signal);
    try {
      const results = await parts.zk.transaction(ops);
      return taken(parts, { id, path, dir, node, data, session }, results);
    } catch (error) {
      if (isZkError(error, 'NODE_EXISTS', 'BAD_VERSION') && unsure) {
        const own = await findOwn(parts, { id, path, dir, node, data, session }, hex);
        if (own !== undefined) return own;
      }
      if (isZkError(error, 'NODE_EXISTS')) return undefined;
      throw asLost(error, path);
    }
  };
  return untilKnown(parts, attempt, { signal, sessionBound: true });
}

/** The guard of these transactions is the record's own version, so its absence is not that of a lock. */
function asLost(error: unknown, path: string): unknown {
  if (isZkError(error, 'NO_NODE')) return new ClaimLostError(path, 'record-gone', { cause: error });
  if (isZkError(error, 'BAD_VERSION')) return new ClaimLostError(path, 'record-changed', { cause: error });
  return claimLost(error, path) as ZkError;
}

interface Locking {
  readonly id: string;
  readonly path: string;
  readonly dir: string;
  readonly node: Node;
  readonly data: Buffer;
  readonly session: Session;
}

function taken(parts: StoreParts, it: Locking, results: readonly OpResult[]): CreatedNode {
  const [set, , contender] = results;
  if (set?.op !== 'set' || contender?.op !== 'create') {
    throw new Error('a transaction answered something else than it was asked');
  }
  return finish(parts, it, contender.path, set.stat);
}

/** All steps of a transaction have its zxid: the record's mzxid is the contender's czxid. */
function finish(parts: StoreParts, it: Locking, contender: string, stat: Stat): CreatedNode {
  const { id, path, dir, node, data, session } = it;
  const fence = stat.mzxid;
  const lock = new ContenderLock(parts.zk, dir, { path: contender, czxid: fence, session }, parts);
  const fresh: Stat = { ...stat, czxid: fence, version: 0, cversion: 0, numChildren: 0, dataLength: 0 };
  parts.observe(path, data, stat);
  parts.observe(dir, EMPTY, { ...fresh, numChildren: 1, cversion: 1 });
  parts.observe(contender, EMPTY, { ...fresh, ephemeralOwner: session.id });
  const { version, mzxid, ctime, mtime } = stat;
  return {
    id,
    path,
    lock,
    current: { record: node, version, mzxid, createdAt: ctime / 1000, changedAt: mtime / 1000 },
  };
}

async function findOwn(parts: StoreParts, it: Locking, hex: string): Promise<CreatedNode | undefined> {
  await parts.zk.sync(it.dir);
  const name = (await listIfThere(parts.zk, it.dir)).find((child) => child.startsWith(hex));
  if (name === undefined) return undefined;
  const contender = `${it.dir}/${name}`;
  const { stat } = await parts.zk.get(it.path);
  const own = await parts.zk.exists(contender);
  const isOurs = own?.ephemeralOwner === it.session.id && own.czxid === stat.mzxid;
  return isOurs ? finish(parts, it, contender, stat) : undefined;
}

function inBackground(parts: StoreParts, work: () => Promise<void>): void {
  untilKnown(parts, work).catch((error: unknown) => {
    if (!isZkError(error, 'SESSION_CLOSED')) parts.log.warn('cannot remove an unfinished node', { err: error });
  });
}

/** Removes the `init` record that a create without answer may have left. */
async function forget(parts: StoreParts, request: SequentialCreate): Promise<void> {
  const own = await findCreated(parts, request);
  if (own !== undefined) await deleteQuietly(parts.zk, own.path);
}

/** Removes what an interrupted creation left: the `init` record, or the locked one if only its answer was lost. */
async function abandon(parts: StoreParts, id: string, path: string, hex: string): Promise<void> {
  const dir = nodeLock(id);
  const name = (await listIfThere(parts.zk, dir)).find((child) => child.startsWith(hex));
  const own = name === undefined ? [] : [`${dir}/${name}`, dir];
  const ops: Op[] = own.map((it) => ({ op: 'delete', path: it }));
  try {
    await parts.zk.transaction([...ops, { op: 'delete', path, version: own.length > 0 ? 1 : 0 }]);
  } catch (error) {
    if (!isZkError(error, 'NO_NODE', 'NOT_EMPTY', 'BAD_VERSION')) throw error;
    if (name !== undefined) await deleteQuietly(parts.zk, `${dir}/${name}`); // unlocked it is garbage for anybody
  }
}
