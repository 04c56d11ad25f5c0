/**
 * What the rest of the code may ask of ZooKeeper. Two things implement it: the engine (`engine.ts`, a real session) and
 * the in-memory model (`memory.ts`), proven equal by running the same scripts against both.
 *
 * Nothing here retries. A request ends with its answer, with its deadline, or with the connection; what may be repeated
 * is decided in `retry.ts` (rules of zookeeper-client 7.4).
 */

/** Names of the states are those of kazoo and Curator; see the engine for how they change. */
export type ConnectionState =
  | 'connecting' // no session yet
  | 'connected' // handshake done, credentials and watches sent: alive at least until the lease ends
  | 'suspended' // the link is gone, the session may live: start nothing on the strength of a lock
  | 'lost' // the session is gone, with all its ephemerals, locks and watches; a new one is being made
  | 'closed'; // by us, for good

/** One session of the server. A client that loses its session gets another object, never the same one again. */
export interface Session {
  /** The server's id, unsigned; equals `ephemeralOwner` of what the session creates. */
  readonly id: bigint;
  /** 1 for the first session of this client, then 2, …; never reused. */
  readonly epoch: number;
  /** As negotiated with the server, milliseconds. */
  readonly timeoutMs: number;
  /**
   * Aborts once, when nothing may rest on this session any more: the server said expired, authentication failed, the
   * client was closed, or the link was gone for longer than the timeout ("assume lost"; stays aborted even if the
   * server turns out to have kept the session).
   */
  readonly lost: AbortSignal;
  /** Monotonic milliseconds until which the server cannot have expired the session (zookeeper-client 7.2). */
  leaseEndMs(): number;
  /** Whether the lease still runs and the link is up: ask before every outside effect. */
  isLeased(): boolean;
}

export interface Stat {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  /** Milliseconds since 1970 by the server's clock. */
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** Session id, or 0n where the znode is persistent. */
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: bigint;
}

export type CreateMode =
  | 'persistent'
  | 'ephemeral'
  | 'persistent-sequential'
  | 'ephemeral-sequential'
  | 'container'
  | 'persistent-ttl'
  | 'persistent-sequential-ttl';

/** As in the package `node-zookeeper-client`: permissions are the bits of `Permission`. */
export interface AclEntry {
  readonly permission: number;
  readonly scheme: string;
  readonly id: string;
}

export type WatchEventType =
  | 'created'
  | 'deleted'
  | 'changed'
  | 'children'
  /** The watch is gone with its session or was ended by `close`; nothing else will come. */
  | 'lost';

export interface WatchEvent {
  readonly type: WatchEventType;
  /** Without the chroot. */
  readonly path: string;
  /** Of the transaction where the server tells (3.9+), else -1n. */
  readonly zxid: bigint;
}

/** Never called synchronously from the call that set it; what it throws is reported, and disturbs nobody else. */
export type Watcher = (event: WatchEvent) => void;

export interface RequestOptions {
  /** Milliseconds from now; default the session timeout. Queueing while disconnected is not waited for: it fails at once. */
  readonly deadlineMs?: number;
  /** Gives up waiting for the answer. The request may still be carried out. */
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends RequestOptions {
  /** A one-shot watch, left with the same request. */
  readonly watcher?: Watcher;
}

export interface CreateOptions extends RequestOptions {
  /** Default 'persistent'. */
  readonly mode?: CreateMode;
  /** Default `world:anyone` with all permissions, as everything in the tree (zk-tree 1). */
  readonly acl?: readonly AclEntry[];
  /** For the `ttl` modes only. */
  readonly ttlMs?: number;
}

/** One step of a transaction. A missing `version` means any; version 0 means zero. */
export type Op =
  | {
      readonly op: 'create';
      readonly path: string;
      readonly data: Buffer;
      readonly mode?: CreateMode;
      readonly acl?: readonly AclEntry[];
    }
  | { readonly op: 'set'; readonly path: string; readonly data: Buffer; readonly version?: number }
  | { readonly op: 'delete'; readonly path: string; readonly version?: number }
  | { readonly op: 'check'; readonly path: string; readonly version?: number };

/** Results in the order of the steps. A create knows its Stat only where the server says it (3.9+). */
export type OpResult =
  | { readonly op: 'create'; readonly path: string; readonly stat?: Stat }
  | { readonly op: 'set'; readonly stat: Stat }
  | { readonly op: 'delete' }
  | { readonly op: 'check' };

export interface NodeData {
  readonly data: Buffer;
  readonly stat: Stat;
}

export type ReadOp = { readonly op: 'get'; readonly path: string } | { readonly op: 'children'; readonly path: string };
/** One failed read does not fail the others. */
export type ReadResult =
  | { readonly op: 'get'; readonly data: Buffer; readonly stat: Stat }
  | { readonly op: 'children'; readonly children: readonly string[] }
  | { readonly op: 'error'; readonly error: Error };

export type WatchMode = 'persistent' | 'persistent-recursive';

/** A persistent watch that is re-armed on every reconnect of the same session; ends with it, told by 'lost'. */
export interface WatchHandle {
  /** Removes it from the server too, if the link is up. Idempotent. */
  close(): Promise<void>;
}

/** Everything fails with a `ZkError`; after `close` with code 'SESSION_CLOSED'. Paths are absolute, below the chroot. */
export interface ZooKeeper {
  readonly state: ConnectionState;
  /** The present session; undefined before the first, and between a loss and the next one. */
  readonly session: Session | undefined;
  /** Resolves with the session as soon as the state is 'connected'; rejects on abort or close. */
  connected(signal?: AbortSignal): Promise<Session>;
  /** Called after every change of state, before requests fail and watchers hear. Returns how to stop listening. */
  onState(listener: (state: ConnectionState, session: Session | undefined) => void): () => void;

  create(path: string, data: Buffer, options?: CreateOptions): Promise<{ readonly path: string; readonly stat: Stat }>;
  /** Data of a znode; `NO_NODE` if missing. */
  get(path: string, options?: ReadOptions): Promise<NodeData>;
  /** Undefined if missing; a watcher is set in both cases. */
  exists(path: string, options?: ReadOptions): Promise<Stat | undefined>;
  /** Names, in the server's order. */
  children(path: string, options?: ReadOptions): Promise<{ readonly children: readonly string[]; readonly stat: Stat }>;
  /** `version` undefined = any. */
  set(path: string, data: Buffer, version?: number, options?: RequestOptions): Promise<Stat>;
  delete(path: string, version?: number, options?: RequestOptions): Promise<void>;
  /** All or nothing; fails with the error of the first failing step as `ZkError` with `failedOp` set. */
  transaction(ops: readonly Op[], options?: RequestOptions): Promise<readonly OpResult[]>;
  /** Many reads in one round trip; keep an answer below 1 MB. */
  multiRead(ops: readonly ReadOp[], options?: RequestOptions): Promise<readonly ReadResult[]>;
  /** A following read on this connection is not older than now. */
  sync(path: string, options?: RequestOptions): Promise<void>;
  addWatch(path: string, mode: WatchMode, watcher: Watcher, options?: RequestOptions): Promise<WatchHandle>;
  /** Forgets a one-shot watcher given to `get`, `exists` or `children`; removes it from the server when it was the last. */
  removeWatcher(path: string, watcher: Watcher): Promise<void>;
  /** Number of znodes below. */
  countDescendants(path: string, options?: RequestOptions): Promise<number>;
  /** Ephemerals of the own session below a prefix. */
  ephemerals(prefix: string, options?: RequestOptions): Promise<readonly string[]>;
  getAcl(path: string, options?: RequestOptions): Promise<{ readonly acl: readonly AclEntry[]; readonly stat: Stat }>;
  setAcl(path: string, acl: readonly AclEntry[], version?: number, options?: RequestOptions): Promise<Stat>;
  /** Credentials, sent again on every connection before anything else. */
  addAuth(scheme: string, auth: Buffer): Promise<void>;
  /** Replaces the host list; the present member is kept if still listed. */
  updateServers(hosts: string): void;
  /** Ends the session at the server if it can be reached within a second; everything pending fails. Idempotent. */
  close(): Promise<void>;
}
