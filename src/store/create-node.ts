import { printNode } from '../model/node-record';
import { nodeLock, NODES } from '../model/paths';
import type { Node } from '../model/records';
import type { Op } from '../zk/client';
import { isZkError } from '../zk/errors';
import type { HeldLock } from '../zk/lock-api';
import { ClaimLostError, type Stored } from './api';
import { createOnce, findCreated, type SequentialCreate } from './create-once';
import { deleteQuietly } from './guarded';
import type { StoreParts } from './parts';
import { quickLock } from './quick-lock';
import { untilKnown } from './repeat';

export interface CreatedNode {
  readonly id: string;
  readonly path: string;
  /** Undefined when somebody looks into the lock at this moment (`nodepool list` of Python does): lock it as any other. */
  readonly locked: { readonly lock: HeldLock; readonly current: Stored<Node> } | undefined;
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
): Promise<CreatedNode> {
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
  try {
    return { id, path, locked: await lockNew(parts, id, path, node, signal) };
  } catch (error) {
    inBackground(parts, () => removeUnfinished(parts, path));
    throw error;
  }
}

async function lockNew(
  parts: StoreParts,
  id: string,
  path: string,
  node: Node,
  signal: AbortSignal,
): Promise<CreatedNode['locked']> {
  const hex = parts.random.hex(16);
  const quick = { dir: nodeLock(id), dirIs: 'absent', path, data: printNode(node), version: 0, hex } as const;
  const locked = await quickLock(parts, quick, signal);
  if (locked === 'contended') return undefined;
  if (typeof locked === 'string') throw new ClaimLostError(path, locked);
  const { version, mzxid, ctime, mtime } = locked.stat;
  const current = { record: node, version, mzxid, createdAt: ctime / 1000, changedAt: mtime / 1000 };
  return { lock: locked.lock, current };
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

/** Removes the `init` record. One that was locked after all is turned already, and unlocked it is garbage for anybody. */
async function removeUnfinished(parts: StoreParts, path: string): Promise<void> {
  await parts.zk.connected();
  await parts.zk.delete(path, 0).catch((error: unknown) => {
    if (!isZkError(error, 'NO_NODE', 'NOT_EMPTY', 'BAD_VERSION')) throw error;
  });
}
