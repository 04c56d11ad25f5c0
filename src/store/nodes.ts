import { NODE_MOVES } from '../model/moves';
import { parseNode, printNode } from '../model/node-record';
import { nodeLock, nodePath, NODES } from '../model/paths';
import type { Node } from '../model/records';
import { isUnfinished } from '../model/unfinished-node';
import { wallSeconds } from '../runtime/clock';
import type { Op, ZooKeeper } from '../zk/client';
import { isZkError } from '../zk/errors';
import type { HeldLock } from '../zk/lock-api';
import {
  ClaimLostError,
  type NewNode,
  type NodeClaim,
  type NodeEntry,
  type Nodes,
  type NodesView,
  type Stored,
} from './api';
import {
  changed,
  claimRecord,
  LockedRecord,
  type PlannedClaim,
  planClaim,
  quickClaim,
  type RecordKind,
} from './claims';
import { type CreatedNode, createNodes } from './create-node';
import { DirectSnapshot, readEach } from './direct-reads';
import { toStored } from './entries';
import { deleteTree, readIfThere } from './guarded';
import { nodeEntry } from './node-entries';
import type { StoreParts } from './parts';
import { registerNode } from './register-node';
import { untilKnown } from './repeat';

const KIND: RecordKind<Node> = { what: 'node', parse: parseNode, print: printNode, moves: NODE_MOVES };

/** How long the creator waits for its own node where somebody looked into its lock first. */
const OWN_NODE_PATIENCE_MS = 10_000;

/** A claim as made by `TreeNodes`. */
export class LockedNode extends LockedRecord<Node> implements NodeClaim {
  constructor(
    parts: StoreParts,
    readonly id: string,
    lock: HeldLock,
    current: Stored<Node>,
  ) {
    super(parts, lock, nodePath(id), KIND, current);
  }
}

/** Undefined for a node that is seen locked, or broken. */
export function planNodeClaim(
  parts: StoreParts,
  entry: NodeEntry,
  change: Partial<Node>,
  guard: readonly Op[] = [],
): PlannedClaim<LockedNode> | undefined {
  const { id } = entry;
  if (entry.record === undefined || entry.locked) return undefined;
  const record = changed(entry.record, change, KIND, wallSeconds(parts.clock));
  const dirIs = entry.record.state === 'init' ? 'absent' : 'empty';
  const quick = { dir: nodeLock(id), dirIs, path: nodePath(id), record, entry, guard } as const;
  return planClaim(parts, quick, printNode, (lock, current) => new LockedNode(parts, id, lock, current));
}

export class TreeNodes implements Nodes {
  constructor(
    private readonly parts: StoreParts,
    readonly view: () => NodesView,
  ) {}

  async read(): Promise<ReadonlyMap<string, NodeEntry>> {
    const read: ZooKeeper['multiRead'] = (ops) => untilKnown(this.parts, () => this.parts.zk.multiRead(ops));
    const top = new DirectSnapshot(read);
    await top.fetch([], [NODES]);
    const ids = top.children(NODES).filter((it) => it !== 'lock');
    // Listing makes no lock directories (zk-tree 14).
    const pathsOf = (id: string) => ({ get: nodePath(id), list: nodeLock(id) });
    return readEach(read, ids.sort(), pathsOf, (snapshot, id) => nodeEntry(snapshot, id, undefined));
  }

  async get(id: string): Promise<Stored<Node> | undefined> {
    const found = await readIfThere(this.parts, nodePath(id));
    return found === undefined || found.data.length === 0 ? undefined : toStored(found, parseNode, `node ${id}`);
  }

  async create(node: Node, signal: AbortSignal, extra: readonly Op[] = []): Promise<NodeClaim> {
    const [created] = await this.createAll([node], signal, extra);
    return created!.lock();
  }

  async createAll(nodes: readonly Node[], signal: AbortSignal, guard: readonly Op[] = []): Promise<readonly NewNode[]> {
    const created = await createNodes(this.parts, nodes, guard, signal);
    return created.map((it, index) => ({ id: it.id, lock: () => this.#lockNew(it, nodes[index]!, signal) }));
  }

  async #lockNew(created: CreatedNode, node: Node, signal: AbortSignal): Promise<NodeClaim> {
    const locked = await created.lock();
    if (locked !== undefined) return new LockedNode(this.parts, created.id, locked.lock, locked.current);
    const claim = await this.claim(created.id, signal, OWN_NODE_PATIENCE_MS);
    if (claim === undefined) throw new ClaimLostError(nodePath(created.id), 'record-gone');
    try {
      // Whoever held the lock before us may have had other plans for the node.
      if (!isUnfinished(claim.current.record)) throw new ClaimLostError(nodePath(created.id), 'record-changed');
      await claim.write(node);
      return claim;
    } catch (error) {
      await claim.release();
      throw error;
    }
  }

  register(node: Node, guard: readonly Op[], signal: AbortSignal): Promise<string> {
    return registerNode(this.parts, node, guard, signal);
  }

  async claim(id: string, signal: AbortSignal, timeoutMs?: number): Promise<NodeClaim | undefined> {
    const claimed = await claimRecord(this.parts, { dir: nodeLock(id), signal, timeoutMs }, nodePath(id), parseNode);
    return claimed === undefined ? undefined : new LockedNode(this.parts, id, claimed.lock, claimed.current);
  }

  async claimAs(
    entry: NodeEntry,
    change: Partial<Node>,
    signal: AbortSignal,
    guard: readonly Op[] = [],
  ): Promise<NodeClaim | undefined> {
    return quickClaim(this.parts, planNodeClaim(this.parts, entry, change, guard), signal);
  }

  async remove(id: string): Promise<void> {
    const { parts } = this;
    await untilKnown(parts, () => this.#markDeleted(id));
    await deleteTree(parts, nodePath(id));
    parts.observe(nodePath(id), undefined, undefined);
  }

  /** For those who have it cached: the last state they see (zk-tree 8.2). What cannot be parsed is just removed. */
  async #markDeleted(id: string): Promise<void> {
    const entry = await this.#entry(id);
    if (entry?.record === undefined || entry.record.state === 'deleted') return;
    const gone: Node = { ...entry.record, state: 'deleted', stateTime: wallSeconds(this.parts.clock) };
    await this.parts.zk.set(nodePath(id), printNode(gone)).catch((error: unknown) => {
      if (!isZkError(error, 'NO_NODE')) throw error;
    });
  }

  async #entry(id: string): Promise<NodeEntry | undefined> {
    const snapshot = new DirectSnapshot((ops) => this.parts.zk.multiRead(ops));
    await snapshot.fetch([nodePath(id)], []);
    return nodeEntry(snapshot, id, undefined);
  }
}
