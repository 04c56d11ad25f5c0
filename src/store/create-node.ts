import { printNode } from '../model/node-record';
import { nodeLock, NODES } from '../model/paths';
import type { Node } from '../model/records';
import { UNFINISHED } from '../model/unfinished-node';
import type { Op } from '../zk/client';
import { isZkError } from '../zk/errors';
import type { HeldLock } from '../zk/lock-api';
import { ClaimLostError, type Stored } from './api';
import { createAllOnce, findCreated, type SequentialCreates } from './create-once';
import { deleteQuietly } from './guarded';
import type { StoreParts } from './parts';
import { quickLocks } from './quick-lock';
import { untilKnown } from './repeat';

/** A record that was made and is not locked yet; `id` is empty if it is gone again. Whoever made it locks it at once, or it is removed as nobody's. */
export interface CreatedNode {
  readonly id: string;
  /**
   * Locks the node and turns it into what was asked for. Undefined when somebody looks into the lock at this moment (`nodepool
   * list` of Python does): lock it as any other.
   */
  lock(): Promise<{ readonly lock: HeldLock; readonly current: Stored<Node> } | undefined>;
}

/**
 * Nodes, locked, in two writes for one and one more for each further one. The first creates all as `init`, which no launcher
 * takes for garbage; they carry tokens in their comments, by which they are found again if the answer is lost (the name has
 * no room for one, and keys of our own could clash with Zuul's attributes, zk-tree 8). The next makes lock directory and
 * contender of one, and turns the record into what was asked for, token gone: one transaction, so that no one ever
 * sees it `building` and unlocked.
 */
export async function createNodes(
  parts: StoreParts,
  nodes: readonly Node[],
  guard: readonly Op[],
  signal: AbortSignal,
): Promise<readonly CreatedNode[]> {
  const token = `${UNFINISHED}${parts.random.hex(16)}`;
  const request: SequentialCreates = {
    dir: NODES,
    prefix: '',
    data: nodes.map((it, index) => printNode({ ...it, state: 'init', comment: `${token} ${index}` })),
    mode: 'persistent-sequential',
    ownIndex: (_path, found) => tokenIndex(found.data, token),
    extra: guard,
    makesParents: true,
  };
  const created = await createAllOnce(parts, request, { signal }).catch((error: unknown) => {
    if (signal.aborted) inBackground(parts, () => forget(parts, request)); // they may have been made
    throw error;
  });
  return created.map((it, index) => newNode(parts, it?.path, nodes[index]!, signal));
}

function tokenIndex(data: Buffer, token: string): number | undefined {
  if (!data.includes(token)) return undefined;
  const found = new RegExp(`${token} (\\d+)`).exec(data.toString());
  return found === null ? undefined : Number(found[1]);
}

function newNode(parts: StoreParts, path: string | undefined, node: Node, signal: AbortSignal): CreatedNode {
  if (path === undefined) return { id: '', lock: () => Promise.reject(new ClaimLostError(NODES, 'record-gone')) };
  const id = path.slice(NODES.length + 1);
  const lock = () =>
    lockNew(parts, id, path, node, signal).catch((error: unknown) => {
      inBackground(parts, () => removeUnfinished(parts, path));
      throw error;
    });
  return { id, lock };
}

async function lockNew(
  parts: StoreParts,
  id: string,
  path: string,
  node: Node,
  signal: AbortSignal,
): ReturnType<CreatedNode['lock']> {
  const hex = parts.random.hex(16);
  const quick = { dir: nodeLock(id), dirIs: 'absent', path, data: printNode(node), version: 0, hex } as const;
  const locked = await quickLocks(parts, [quick], signal);
  if ('why' in locked) {
    if (locked.why === 'contended') return undefined;
    throw new ClaimLostError(path, locked.why);
  }
  const { lock, stat } = locked[0]!;
  const { version, mzxid, ctime, mtime } = stat;
  return { lock, current: { record: node, version, mzxid, createdAt: ctime / 1000, changedAt: mtime / 1000 } };
}

function inBackground(parts: StoreParts, work: () => Promise<void>): void {
  untilKnown(parts, work).catch((error: unknown) => {
    if (!isZkError(error, 'SESSION_CLOSED')) parts.log.warn('cannot remove an unfinished node', { err: error });
  });
}

/** Removes the `init` records that a create without answer may have left. */
async function forget(parts: StoreParts, request: SequentialCreates): Promise<void> {
  for (const { path } of (await findCreated(parts, request)).values()) await deleteQuietly(parts.zk, path);
}

/** Removes the `init` record. One that was locked after all is turned already, and unlocked it is garbage for anybody. */
async function removeUnfinished(parts: StoreParts, path: string): Promise<void> {
  await parts.zk.connected();
  await parts.zk.delete(path, 0).catch((error: unknown) => {
    if (!isZkError(error, 'NO_NODE', 'NOT_EMPTY', 'BAD_VERSION')) throw error;
  });
}
