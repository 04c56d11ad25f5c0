import { strict as assert } from 'node:assert';
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

/**
 * The package `node-zookeeper-client`, as far as we lean on it: its vocabulary, which is ours too, and the one seam by
 * which its `Client` runs on another connection layer. It is pinned at the version below; `checkSeam` fails at start-up
 * when what is installed has another shape.
 */
const PINNED = '1.1.3';

/** 64-bit numbers are Buffers of 8 bytes here. */
export interface PackageStat {
  czxid: Buffer;
  mzxid: Buffer;
  ctime: Buffer;
  mtime: Buffer;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: Buffer;
  dataLength: number;
  numChildren: number;
  pzxid: Buffer;
}

export interface PackageException extends Error {
  readonly code: number;
  getCode(): number;
  getName(): string;
  getPath(): string | undefined;
}

export interface PackageEvent {
  readonly type: number;
  readonly name: string;
  readonly path: string;
}

export type PackageWatcher = (event: PackageEvent) => void;
type Done<A extends unknown[]> = (error: PackageException | null | undefined, ...values: A) => void;

export interface PackageTransaction {
  readonly ops: { type: number; path: string; version?: number }[];
  create(path: string, data?: Buffer, acls?: PackageAcl[], mode?: number): PackageTransaction;
  check(path: string, version?: number): PackageTransaction;
  setData(path: string, data: Buffer | null, version?: number): PackageTransaction;
  remove(path: string, version?: number): PackageTransaction;
  commit(done: Done<[results: { type: number; path?: string; stat?: PackageStat; err?: number }[]]>): void;
}

export interface PackageAcl {
  readonly permission: number;
  readonly id: { readonly scheme: string; readonly id: string };
  toRecord(): unknown;
}

/** `Client` of the package; see its README for what the methods do. */
export interface PackageClient extends EventEmitter {
  connectionManager: PackageConnection;
  readonly options: { retries: number };
  connect(): void;
  close(): void;
  getState(): { readonly name: string; readonly code: number };
  getSessionId(): Buffer;
  getSessionTimeout(): number;
  addAuthInfo(scheme: string, auth: Buffer): void;
  create(path: string, data: Buffer, acls: PackageAcl[], mode: number, done: Done<[path: string]>): void;
  create(path: string, data: Buffer, mode: number, done: Done<[path: string]>): void;
  create(path: string, data: Buffer, done: Done<[path: string]>): void;
  remove(path: string, version: number, done: Done<[]>): void;
  remove(path: string, done: Done<[]>): void;
  removeRecursive(path: string, done: Done<[]>): void;
  exists(path: string, watcher: PackageWatcher, done: Done<[stat: PackageStat | null]>): void;
  exists(path: string, done: Done<[stat: PackageStat | null]>): void;
  getData(path: string, watcher: PackageWatcher, done: Done<[data: Buffer, stat: PackageStat]>): void;
  getData(path: string, done: Done<[data: Buffer, stat: PackageStat]>): void;
  setData(path: string, data: Buffer, version: number, done: Done<[stat: PackageStat]>): void;
  setData(path: string, data: Buffer, done: Done<[stat: PackageStat]>): void;
  getChildren(path: string, watcher: PackageWatcher, done: Done<[children: string[], stat: PackageStat]>): void;
  getChildren(path: string, done: Done<[children: string[], stat: PackageStat]>): void;
  getACL(path: string, done: Done<[acls: PackageAcl[], stat: PackageStat]>): void;
  setACL(path: string, acls: PackageAcl[], version: number, done: Done<[stat: PackageStat]>): void;
  listSubTreeBFS(path: string, done: Done<[paths: string[]]>): void;
  mkdirp(path: string, done: Done<[path: string]>): void;
  transaction(): PackageTransaction;
  onConnectionManagerState(state: number): void;
}

/** What `Client` calls of its connection layer. */
export interface PackageConnection extends EventEmitter {
  connect(): void;
  close(): void;
  queue(request: PackageRequest, done?: (error: Error | null, response?: PackageResponse) => void): void;
  addAuthInfo(scheme: string, auth: Buffer): void;
  registerDataWatcher(path: string, watcher: PackageWatcher): void;
  registerChildWatcher(path: string, watcher: PackageWatcher): void;
  registerExistenceWatcher(path: string, watcher: PackageWatcher): void;
  getSessionId(): Buffer;
  getSessionPassword(): Buffer;
  getSessionTimeout(): number;
}

export interface PackageAclRecord {
  readonly perms: number;
  readonly id: { readonly scheme: string; readonly id: string };
}

export interface PackageOp {
  readonly type: number;
  readonly path: string;
  readonly data?: Buffer;
  readonly acls?: readonly PackageAcl[];
  readonly mode?: number;
  readonly version?: number;
}

/** `payload` as the methods of `Client` fill it; which fields there are depends on the type. */
export interface PackageRequest {
  readonly header: { readonly type: number };
  readonly payload: {
    readonly path: string;
    readonly data?: Buffer;
    readonly acl?: readonly PackageAclRecord[];
    readonly flags?: number;
    readonly version?: number;
    readonly watch?: boolean;
    readonly ops?: readonly PackageOp[];
  };
}

export interface PackageResponse {
  readonly header: { readonly err: number };
  readonly payload: unknown;
}

interface Codes {
  readonly [name: string]: unknown;
}

interface PackageModule {
  createClient(connectionString: string, options: { sessionTimeout: number; retries: number }): PackageClient;
  readonly ACL: { readonly OPEN_ACL_UNSAFE: PackageAcl[]; new (permission: number, id: object): PackageAcl } & Codes;
  readonly Id: { new (scheme: string, id: string): object } & Codes;
  readonly Permission: Readonly<Record<'READ' | 'WRITE' | 'CREATE' | 'DELETE' | 'ADMIN' | 'ALL', number>>;
  readonly CreateMode: Readonly<
    Record<'PERSISTENT' | 'EPHEMERAL' | 'PERSISTENT_SEQUENTIAL' | 'EPHEMERAL_SEQUENTIAL', number>
  >;
  readonly Event: Readonly<
    Record<'NODE_CREATED' | 'NODE_DELETED' | 'NODE_DATA_CHANGED' | 'NODE_CHILDREN_CHANGED', number>
  >;
  readonly Exception: { create(code: number, path?: string): PackageException } & Codes;
  readonly State: Codes;
}

interface WatcherBook {
  registerDataWatcher(path: string, watcher: PackageWatcher): void;
  registerChildWatcher(path: string, watcher: PackageWatcher): void;
  registerExistenceWatcher(path: string, watcher: PackageWatcher): void;
  emit(event: { type: number; path: string }): void;
}

const load = createRequire(__filename);

/** ACL, Id, Permission, CreateMode, Event, Exception, State and `createClient` of the package. */
export const vocabulary = load('node-zookeeper-client') as PackageModule;

export const ConnectionManager = load('node-zookeeper-client/lib/ConnectionManager.js') as {
  new (hosts: string, options: object, onState: (state: number) => void): EventEmitter;
  readonly STATES: Readonly<Record<'DISCONNECTED' | 'CONNECTED' | 'SESSION_EXPIRED' | 'AUTHENTICATION_FAILED', number>>;
};

export const WatcherManager = load('node-zookeeper-client/lib/WatcherManager.js') as { new (): WatcherBook };

export const packageJute = load('node-zookeeper-client/lib/jute') as {
  readonly OP_CODES: Readonly<Record<string, number>>;
  readonly data: { readonly Stat: new () => PackageStat; readonly ACL: new (perms: number, id: object) => object } & {
    readonly Id: new (scheme: string, id: string) => object;
  };
};

/** Fails, naming the member, when the installed package is not the one that the bridge was written for. */
export function checkSeam(): void {
  const { version } = load('node-zookeeper-client/package.json') as { version: string };
  assert.equal(version, PINNED, 'node-zookeeper-client has another version than the bridge was written for');
  const prototype = ConnectionManager.prototype as unknown as Record<string, unknown>;
  for (const it of ['connect', 'close', 'queue', 'addAuthInfo', 'registerDataWatcher', 'registerChildWatcher']) {
    assert.equal(typeof prototype[it], 'function', `ConnectionManager.${it}`);
  }
  for (const it of ['registerExistenceWatcher', 'getSessionId', 'getSessionPassword', 'getSessionTimeout']) {
    assert.equal(typeof prototype[it], 'function', `ConnectionManager.${it}`);
  }
  const client = vocabulary.createClient('127.0.0.1:1', { sessionTimeout: 1_000, retries: 0 });
  assert.ok(client.connectionManager instanceof ConnectionManager, 'Client.connectionManager');
  assert.equal(typeof client.onConnectionManagerState, 'function', 'Client.onConnectionManagerState');
  assert.ok(Array.isArray(client.transaction().ops), 'Transaction.ops');
  for (const it of ['DISCONNECTED', 'CONNECTED', 'SESSION_EXPIRED', 'AUTHENTICATION_FAILED'] as const) {
    assert.equal(typeof ConnectionManager.STATES[it], 'number', `ConnectionManager.STATES.${it}`);
  }
  assert.ok(Buffer.isBuffer(new packageJute.data.Stat().czxid), 'Stat.czxid');
}
