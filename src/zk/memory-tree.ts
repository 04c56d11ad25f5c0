import type { Clock } from '../runtime/clock';
import type { AclEntry, CreateMode, NodeData, Op, OpResult, Stat } from './client';
import { type ErrorName, ZkError } from './errors';
import { badPath, parentOf } from './memory-paths';

const OPEN_ACL: readonly AclEntry[] = [{ permission: 31, scheme: 'world', id: 'anyone' }];
const PERMISSION = { read: 1, write: 2, create: 4, delete: 8, admin: 16 } as const;
/** How the server marks containers and TTL znodes: special owners that are no sessions, and that it tells nobody. */
const CONTAINER_OWNER = 1n << 63n;
const TTL_OWNER = 0xffn << 56n;

export interface Change {
  readonly type: 'created' | 'deleted' | 'changed';
  readonly path: string;
}

interface Znode {
  data: Buffer;
  acl: readonly AclEntry[];
  readonly czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  readonly ctime: number;
  mtime: number;
  version: number;
  /** Children ever created: numbers the sequential ones. `cversion` as told to clients also counts the deletions. */
  creates: number;
  aversion: number;
  readonly owner: bigint;
  readonly children: Set<string>;
}

export interface CreateRequest {
  readonly path: string;
  readonly data: Buffer;
  readonly mode?: CreateMode | undefined;
  readonly acl?: readonly AclEntry[] | undefined;
  readonly ttlMs?: number | undefined;
}

/**
 * The znodes of the model and what the server does with them: versions, zxids, sequence numbers, transactions. Every write
 * takes a zxid, also one that fails. Knows no connection; who watches is told through `onChange`.
 */
export class MemoryTree {
  readonly #nodes = new Map<string, Znode>();
  readonly #onChange: (change: Change) => void;
  #undo: (() => void)[] = [];
  #changes: Change[] = [];
  zxid = 0n;

  constructor(
    private readonly clock: Clock,
    private readonly extendedTypes: boolean,
    onChange: (change: Change) => void,
  ) {
    this.#onChange = onChange;
    this.#nodes.set('/', this.#fresh(Buffer.alloc(0), OPEN_ACL, 0n));
  }

  // ------------------------------------------------------------------------------------------------ writes

  create(owner: bigint, request: CreateRequest): { path: string; stat: Stat } {
    return this.#write(() => this.#create(owner, request));
  }

  set(path: string, data: Buffer, version?: number): Stat {
    return this.#write(() => this.#set(path, data, version));
  }

  delete(path: string, version?: number): void {
    this.#write(() => this.#delete(path, version));
  }

  setAcl(path: string, acl: readonly AclEntry[], version?: number): Stat {
    return this.#write(() => {
      if (acl.length === 0) throw new ZkError('INVALID_ACL', path);
      const node = this.#permitted(path, PERMISSION.admin);
      expectVersion(path, node.aversion, version);
      node.acl = acl;
      node.aversion += 1;
      return statOf(node);
    });
  }

  /** All steps under one zxid, or none and the error of the first that fails. */
  transaction(owner: bigint, ops: readonly Op[]): OpResult[] {
    return this.#write(() =>
      ops.map((op, index) => {
        try {
          return this.#step(owner, op);
        } catch (error) {
          throw error instanceof ZkError ? new ZkError(error.code, op.path, index) : error;
        }
      }),
    );
  }

  /** What the end of a session does, under one zxid. */
  deleteOwned(owner: bigint): void {
    this.#write(() => {
      for (const path of this.ownedBy(owner)) this.#remove(path);
    });
  }

  /** What the server's background sweep does: empty containers that once had a child, and overdue TTL znodes. */
  sweep(): void {
    for (const [path, node] of [...this.#nodes]) {
      const ttlMs = node.owner >= TTL_OWNER ? Number(node.owner - TTL_OWNER) : undefined;
      const overdue = ttlMs !== undefined && this.clock.wall() - node.mtime > ttlMs;
      const used = node.owner === CONTAINER_OWNER && node.creates > 0;
      if (node.children.size === 0 && (overdue || used)) this.delete(path);
    }
  }

  // ------------------------------------------------------------------------------------------------ reads

  get(path: string): NodeData {
    const node = this.#permitted(path, PERMISSION.read);
    return { data: Buffer.from(node.data), stat: statOf(node) };
  }

  exists(path: string): Stat | undefined {
    const node = this.#nodes.get(path);
    return node === undefined ? undefined : statOf(node);
  }

  children(path: string): { children: string[]; stat: Stat } {
    const node = this.#permitted(path, PERMISSION.read);
    return { children: [...node.children], stat: statOf(node) };
  }

  acl(path: string): { acl: readonly AclEntry[]; stat: Stat } {
    const node = this.#permitted(path, PERMISSION.read | PERMISSION.admin);
    return { acl: node.acl, stat: statOf(node) };
  }

  countDescendants(path: string): number {
    this.#permitted(path, PERMISSION.read);
    return this.paths().filter((it) => it.startsWith(path === '/' ? '/' : `${path}/`) && it !== path).length;
  }

  ownedBy(owner: bigint): string[] {
    return [...this.#nodes].filter(([, node]) => node.owner === owner).map(([path]) => path);
  }

  /** Every path, the root first. */
  paths(): string[] {
    return [...this.#nodes.keys()];
  }

  // ------------------------------------------------------------------------------------------------ steps

  #write<T>(work: () => T): T {
    this.zxid += 1n;
    this.#undo = [];
    this.#changes = [];
    try {
      const result = work();
      for (const change of this.#changes) this.#onChange(change);
      return result;
    } catch (error) {
      for (const undo of this.#undo.reverse()) undo();
      throw error;
    }
  }

  #step(owner: bigint, op: Op): OpResult {
    switch (op.op) {
      case 'create':
        return { op: 'create', path: this.#create(owner, op).path };
      case 'set':
        return { op: 'set', stat: this.#set(op.path, op.data, op.version) };
      case 'delete':
        this.#delete(op.path, op.version);
        return { op: 'delete' };
      case 'check':
        expectVersion(op.path, this.#permitted(op.path, PERMISSION.read).version, op.version);
        return { op: 'check' };
    }
  }

  #create(session: bigint, request: CreateRequest): { path: string; stat: Stat } {
    const mode = request.mode ?? 'persistent';
    const acl = request.acl ?? OPEN_ACL;
    if (acl.length === 0) throw new ZkError('INVALID_ACL', request.path);
    const owner = this.#ownerFor(session, mode, request);
    if (request.path === '/') throw new ZkError('NODE_EXISTS', '/');
    const parentPath = parentOf(request.path);
    const parent = this.#nodes.get(parentPath);
    if (parent === undefined) throw new ZkError('NO_NODE', request.path);
    if (!permits(parent.acl, PERMISSION.create)) throw new ZkError('NO_AUTH', request.path);
    const path = mode.includes('sequential')
      ? `${request.path}${String(parent.creates).padStart(10, '0')}`
      : request.path;
    if (badPath(path)) throw new ZkError('BAD_ARGUMENTS', request.path);
    if (this.#nodes.has(path)) throw new ZkError('NODE_EXISTS', request.path);
    if (isEphemeral(parent.owner)) throw new ZkError('NO_CHILDREN_FOR_EPHEMERALS', request.path);
    const node = this.#fresh(Buffer.from(request.data), acl, owner);
    this.#attach(path, node, parent);
    this.#changes.push({ type: 'created', path });
    return { path, stat: statOf(node) };
  }

  #attach(path: string, node: Znode, parent: Znode): void {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const { pzxid, creates } = parent;
    this.#nodes.set(path, node);
    parent.children.add(name);
    parent.creates += 1;
    parent.pzxid = this.zxid;
    this.#undo.push(() => {
      this.#nodes.delete(path);
      parent.children.delete(name);
      Object.assign(parent, { pzxid, creates });
    });
  }

  #set(path: string, data: Buffer, version: number | undefined): Stat {
    const node = this.#permitted(path, PERMISSION.write);
    expectVersion(path, node.version, version);
    const before = { data: node.data, version: node.version, mzxid: node.mzxid, mtime: node.mtime };
    this.#undo.push(() => Object.assign(node, before));
    Object.assign(node, {
      data: Buffer.from(data),
      version: node.version + 1,
      mzxid: this.zxid,
      mtime: this.#now(),
    });
    this.#changes.push({ type: 'changed', path });
    return statOf(node);
  }

  #delete(path: string, version: number | undefined): void {
    if (path === '/') throw new ZkError('BAD_ARGUMENTS', path);
    const parent = this.#nodes.get(parentOf(path));
    if (parent === undefined) throw new ZkError('NO_NODE', path);
    if (!permits(parent.acl, PERMISSION.delete)) throw new ZkError('NO_AUTH', path);
    const node = this.#node(path);
    expectVersion(path, node.version, version);
    if (node.children.size > 0) throw new ZkError('NOT_EMPTY', path);
    this.#remove(path);
  }

  #remove(path: string): void {
    const node = this.#node(path);
    const parent = this.#node(parentOf(path));
    const name = path.slice(path.lastIndexOf('/') + 1);
    const { pzxid } = parent;
    this.#nodes.delete(path);
    parent.children.delete(name);
    parent.pzxid = this.zxid;
    this.#changes.push({ type: 'deleted', path });
    this.#undo.push(() => {
      this.#nodes.set(path, node);
      parent.children.add(name);
      parent.pzxid = pzxid;
    });
  }

  #ownerFor(session: bigint, mode: CreateMode, request: CreateRequest): bigint {
    if (mode === 'container') return CONTAINER_OWNER;
    if (mode.endsWith('-ttl')) {
      if (!this.extendedTypes) throw new ZkError('UNIMPLEMENTED', request.path);
      const ttlMs = request.ttlMs ?? 0;
      if (ttlMs < 1 || ttlMs >= 2 ** 40) throw new ZkError('BAD_ARGUMENTS', request.path);
      return TTL_OWNER + BigInt(ttlMs);
    }
    return mode.startsWith('ephemeral') ? session : 0n;
  }

  #node(path: string): Znode {
    const node = this.#nodes.get(path);
    if (node === undefined) throw new ZkError('NO_NODE', path);
    return node;
  }

  #permitted(path: string, permission: number): Znode {
    const node = this.#node(path);
    if (!permits(node.acl, permission)) throw new ZkError('NO_AUTH', path);
    return node;
  }

  #fresh(data: Buffer, acl: readonly AclEntry[], owner: bigint): Znode {
    const now = this.#now();
    return {
      data,
      acl,
      czxid: this.zxid,
      mzxid: this.zxid,
      pzxid: this.zxid,
      ctime: now,
      mtime: now,
      version: 0,
      creates: 0,
      aversion: 0,
      owner,
      children: new Set(),
    };
  }

  #now(): number {
    return Math.floor(this.clock.wall());
  }
}

function isEphemeral(owner: bigint): boolean {
  return owner !== 0n && owner !== CONTAINER_OWNER && owner < TTL_OWNER;
}

function expectVersion(path: string, actual: number, wanted: number | undefined): void {
  if (wanted !== undefined && wanted !== -1 && wanted !== actual)
    throw new ZkError('BAD_VERSION' satisfies ErrorName, path);
}

/** Only what `world` may do: the tree is open to everybody who gets in (zk-tree 1). */
function permits(acl: readonly AclEntry[], permission: number): boolean {
  return acl.some((it) => it.scheme === 'world' && (it.permission & permission) !== 0);
}

function statOf(node: Znode): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: node.creates * 2 - node.children.size,
    aversion: node.aversion,
    ephemeralOwner: isEphemeral(node.owner) ? node.owner : 0n,
    dataLength: node.data.length,
    numChildren: node.children.size,
    pzxid: node.pzxid,
  };
}
