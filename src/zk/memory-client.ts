import type {
  AclEntry,
  CreateOptions,
  NodeData,
  Op,
  OpResult,
  ReadOp,
  ReadOptions,
  ReadResult,
  RequestOptions,
  Stat,
  Watcher,
  WatchHandle,
  WatchMode,
  ZooKeeper,
} from './client';
import { ZkError } from './errors';
import { MemoryConnection } from './memory-connection';
import { badPath } from './memory-paths';

/** The requests of a client of the in-memory model; see `MemoryServer`. */
export class MemoryClient extends MemoryConnection implements ZooKeeper {
  async create(
    path: string,
    data: Buffer,
    options: CreateOptions = {},
  ): Promise<{ readonly path: string; readonly stat: Stat }> {
    const { mode = 'persistent', acl, ttlMs } = options;
    checkPath(mode.includes('sequential') ? `${path}1` : path, path);
    const request = { path, data: Buffer.from(data), mode, acl, ttlMs };
    return this.ask('create', [path], (owner) => this.parts.tree.create(owner, request), options);
  }

  async get(path: string, options: ReadOptions = {}): Promise<NodeData> {
    checkPath(path);
    const run = () => this.parts.tree.get(path);
    return this.ask('get', [path], run, options, (outcome) => {
      if (outcome.ok && options.watcher !== undefined) this.watches.addOneShot('data', path, options.watcher);
    });
  }

  async exists(path: string, options: ReadOptions = {}): Promise<Stat | undefined> {
    checkPath(path);
    const run = () => this.parts.tree.exists(path);
    return this.ask('exists', [path], run, options, (outcome) => {
      if (!outcome.ok || options.watcher === undefined) return;
      this.watches.addOneShot(outcome.value === undefined ? 'exist' : 'data', path, options.watcher);
    });
  }

  async children(
    path: string,
    options: ReadOptions = {},
  ): Promise<{ readonly children: readonly string[]; readonly stat: Stat }> {
    checkPath(path);
    const run = () => this.parts.tree.children(path);
    return this.ask('children', [path], run, options, (outcome) => {
      if (outcome.ok && options.watcher !== undefined) this.watches.addOneShot('child', path, options.watcher);
    });
  }

  async set(path: string, data: Buffer, version?: number, options: RequestOptions = {}): Promise<Stat> {
    checkPath(path);
    const copy = Buffer.from(data);
    return this.ask('set', [path], () => this.parts.tree.set(path, copy, version), options);
  }

  async delete(path: string, version?: number, options: RequestOptions = {}): Promise<void> {
    checkPath(path);
    return this.ask('delete', [path], () => this.parts.tree.delete(path, version), options);
  }

  async transaction(ops: readonly Op[], options: RequestOptions = {}): Promise<readonly OpResult[]> {
    ops.forEach((op, index) => {
      const sequential = op.op === 'create' && op.mode?.includes('sequential') === true;
      checkPath(sequential ? `${op.path}1` : op.path, op.path, index);
    });
    const copies = ops.map((op) => ('data' in op ? { ...op, data: Buffer.from(op.data) } : op));
    const paths = ops.map((it) => it.path);
    return this.ask('transaction', paths, (owner) => this.parts.tree.transaction(owner, copies), options);
  }

  async multiRead(ops: readonly ReadOp[], options: RequestOptions = {}): Promise<readonly ReadResult[]> {
    for (const it of ops) checkPath(it.path);
    const paths = ops.map((it) => it.path);
    return this.ask('multiRead', paths, () => ops.map((it) => this.#read(it)), options);
  }

  async sync(path: string, options: RequestOptions = {}): Promise<void> {
    checkPath(path);
    return this.ask('sync', [path], () => undefined, options);
  }

  async addWatch(path: string, mode: WatchMode, watcher: Watcher, options: RequestOptions = {}): Promise<WatchHandle> {
    checkPath(path);
    const watch = { path, recursive: mode === 'persistent-recursive', watcher };
    if (this.watches.isOtherwise(watch)) throw new ZkError('BAD_ARGUMENTS', path);
    const onReply = () => this.watches.addPersistent(watch);
    await this.ask('addWatch', [path], () => undefined, options, onReply);
    return { close: async () => this.watches.removePersistent(watch) };
  }

  async removeWatcher(path: string, watcher: Watcher): Promise<void> {
    this.watches.removeOneShot(path, watcher);
    await Promise.resolve();
  }

  async countDescendants(path: string, options: RequestOptions = {}): Promise<number> {
    checkPath(path);
    return this.ask('countDescendants', [path], () => this.parts.tree.countDescendants(path), options);
  }

  async ephemerals(prefix: string, options: RequestOptions = {}): Promise<readonly string[]> {
    const run = (owner: bigint) => this.parts.tree.ownedBy(owner).filter((it) => it.startsWith(prefix));
    return this.ask('ephemerals', [prefix], run, options);
  }

  async getAcl(
    path: string,
    options: RequestOptions = {},
  ): Promise<{ readonly acl: readonly AclEntry[]; readonly stat: Stat }> {
    checkPath(path);
    return this.ask('getAcl', [path], () => this.parts.tree.acl(path), options);
  }

  async setAcl(path: string, acl: readonly AclEntry[], version?: number, options: RequestOptions = {}): Promise<Stat> {
    checkPath(path);
    return this.ask('setAcl', [path], () => this.parts.tree.setAcl(path, acl, version), options);
  }

  /** Taken and forgotten: everything in the model is open to `world`. */
  async addAuth(_scheme: string, _auth: Buffer): Promise<void> {
    await Promise.resolve();
  }

  /** The model has one server. */
  updateServers(_hosts: string): void {}

  #read(op: ReadOp): ReadResult {
    try {
      return op.op === 'get'
        ? { op: 'get', ...this.parts.tree.get(op.path) }
        : { op: 'children', children: this.parts.tree.children(op.path).children };
    } catch (error) {
      return { op: 'error', error: error as ZkError };
    }
  }
}

function checkPath(path: string, shown = path, failedOp?: number): void {
  if (badPath(path)) throw new ZkError('BAD_ARGUMENTS', shown, failedOp);
}
