import type { BuildKey, UploadKey } from '../model/paths';
import type {
  Component,
  ComponentKind,
  ImageBuild,
  ImageUpload,
  Node,
  NodeRequest,
  PoolComponent,
} from '../model/records';
import type { ConnectionState, Op, Session, ZooKeeper } from '../zk/client';
import type { Backlog } from '../zk/tree-api';

/**
 * Nodepool's tree, typed. Three ways in:
 *
 * - **views** are kept in memory by watches: synchronous, indexed, possibly a moment old; planners work on them;
 * - **claims** are locks that lend guarded writes: a transaction of *contender still there* + *version as read* + *set*, so a
 *   writer that lost its session or was overtaken writes nothing;
 * - **reads and operator writes** go straight to the server, for the command line and for checks after locking.
 *
 * A record that cannot be parsed is an entry with `record` undefined and `broken` saying why; it never throws out of a view.
 */
export interface Store {
  readonly zk: ZooKeeper;
  readonly images: Images;
  readonly nodes: Nodes;
  readonly requests: Requests;
  readonly components: Components;
  readonly marks: Marks;
  /** Closes views and registrations; the ZooKeeper client stays open. */
  close(): Promise<void>;
}

/** The claim's lock is gone, or the record was changed or removed by somebody else: stop, write nothing more. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';

  constructor(
    readonly path: string,
    readonly reason: 'lock-gone' | 'record-gone' | 'record-changed',
    options?: ErrorOptions,
  ) {
    super(`claim lost: ${reason} ${path}`, options);
  }
}

/** A record as read, with what is needed to write it back. */
export interface Stored<T> {
  readonly record: T;
  /** Of the znode's data: the next guarded write is conditional on it. */
  readonly version: number;
  readonly mzxid: bigint;
  /** UNIX seconds by the server's clock. */
  readonly createdAt: number;
  readonly changedAt: number;
}

/** An entry of a view: like `Stored`, or broken. */
export interface Entry<T> {
  readonly record: T | undefined;
  /** Why it could not be parsed; 'empty' for a znode without data. */
  readonly broken: string | undefined;
  readonly version: number;
  readonly mzxid: bigint;
  readonly createdAt: number;
  readonly changedAt: number;
}

/** A lock that is ours. Work under it stops on `signal`; outside effects carry `fence` and ask `isHeld()` first. */
export interface Claim {
  readonly signal: AbortSignal;
  readonly fence: bigint;
  isHeld(): boolean;
  /** Never throws, idempotent; in the background after a lost link. */
  release(): Promise<void>;
}

/** A claim on one record, which it re-read after locking. */
export interface RecordClaim<T> extends Claim {
  /** As re-read after locking or as last written through this claim. */
  readonly current: Stored<T>;
  /**
   * Writes `change` over the current record, stamping `stateTime` when the state changes. Guarded; `ClaimLostError` if not
   * ours any more. Repeats after a lost link until the outcome is known or the session is lost. `guard` are further first
   * steps of the transaction; throws the ZkError of one that does not hold, its `failedOp` being the place in `guard`.
   */
  write(change: Partial<T>, guard?: readonly Op[]): Promise<Stored<T>>;
  /** `write` and `release` in one transaction. After an error the lock is as it was. */
  writeAndRelease(change: Partial<T>): Promise<Stored<T>>;
  /** Removes record, lock directory and contender, guarded; done when gone, also if others re-created the lock dir meanwhile. */
  remove(): Promise<void>;
}

/** What all views share. */
export interface View {
  /** False until loaded and from a lost link until read again: do not decide on what is missing. */
  readonly fresh: boolean;
  /** What it has been told of and has not read yet. */
  readonly backlog: Backlog;
  /** Whether the record of `id` is known to have changed, and is being read. */
  isBehind(id: string): boolean;
  ready(signal?: AbortSignal): Promise<void>;
  /** Everything acknowledged before the call is visible afterwards. */
  settled(signal?: AbortSignal): Promise<void>;
  /** A nudge: something below changed (including locks and freshness). No detail on purpose, except the ids. */
  onChange(listener: (ids: ReadonlySet<string>) => void): () => void;
}

// ---------------------------------------------------------------------------------------------------- images

export interface UploadEntry extends Entry<ImageUpload> {
  readonly key: UploadKey;
  /** Somebody contends for the upload's number lock. */
  readonly locked: boolean;
}
export interface BuildProviderEntry {
  /** Somebody contends for the upload lock of this build and provider. */
  readonly locked: boolean;
  readonly uploads: ReadonlyMap<string, UploadEntry>;
}
export interface BuildEntry extends Entry<ImageBuild> {
  readonly key: BuildKey;
  readonly locked: boolean;
  readonly providers: ReadonlyMap<string, BuildProviderEntry>;
}
export interface ImageEntry {
  readonly image: string;
  readonly paused: boolean;
  /** UNIX seconds of the request-build znode; undefined = none. */
  readonly buildRequestedAt: number | undefined;
  /** Ours: UNIX seconds of the request to upload the newest READY build again, by provider. */
  readonly uploadRequests: ReadonlyMap<string, number>;
  /** Somebody contends for the image's build lock. */
  readonly buildLocked: boolean;
  /** UNIX seconds at which the build lock directory was made; for the status rule of zk-tree 6. */
  readonly buildLockCreatedAt: number | undefined;
  readonly builds: ReadonlyMap<string, BuildEntry>;
}
export interface ImagesView extends View {
  /** By name; entries are immutable and keep their identity until something below them changes. */
  readonly images: ReadonlyMap<string, ImageEntry>;
}

/** `builds`: without what is below them. `uploads`: without the locks of builds and uploads, which all seem unlocked then. */
export type ImagesExtent = 'builds' | 'uploads' | 'all';

export interface Images {
  /** Opens the watch-fed view; one per store, shared. */
  view(): ImagesView;
  /** The same shape, read once from the server, as far as `extent` says; default 'all'. */
  read(extent?: ImagesExtent): Promise<ReadonlyMap<string, ImageEntry>>;
  /** Tries the image's build lock; undefined if held by somebody else. Makes the image's znodes if missing. */
  claimImage(image: string, signal: AbortSignal): Promise<ImageClaim | undefined>;
  /** Tries the lock of (build, provider); undefined if held, or if the build is gone. */
  claimUploads(build: BuildKey, provider: string, signal: AbortSignal): Promise<UploadsClaim | undefined>;
  /** Tries the build's number lock; undefined if held or gone. */
  claimBuild(build: BuildKey, signal: AbortSignal): Promise<RecordClaim<ImageBuild> | undefined>;
  claimUpload(upload: UploadKey, signal: AbortSignal): Promise<RecordClaim<ImageUpload> | undefined>;
  /** Removes a build record whose uploads are all gone, with everything below; refuses (false) while any upload child exists. */
  removeBuild(build: BuildKey): Promise<boolean>;
  getBuild(build: BuildKey): Promise<Stored<ImageBuild> | undefined>;
  getUpload(upload: UploadKey): Promise<Stored<ImageUpload> | undefined>;
  /** Operators' writes, without locks as in cli.md. */
  requestBuild(image: string): Promise<void>;
  removeBuildRequest(image: string): Promise<void>;
  /** Asks for one more upload of the newest READY build; returns when it was asked: UNIX seconds by the server's clock. */
  requestUpload(image: string, provider: string): Promise<number>;
  removeUploadRequest(image: string, provider: string): Promise<void>;
  pause(image: string): Promise<void>;
  unpause(image: string): Promise<void>;
  markBuildDeleting(build: BuildKey): Promise<'done' | 'not-found' | 'in-progress'>;
  markUploadDeleting(upload: UploadKey): Promise<'done' | 'not-found' | 'in-progress'>;
}

/** The image's build lock: makes and finishes build records. */
export interface ImageClaim extends Claim {
  /** Creates the record under a fresh id, guarded by the lock. */
  createBuild(build: ImageBuild): Promise<{ readonly key: BuildKey; readonly stored: Stored<ImageBuild> }>;
  /** Replaces the record, guarded by the lock and the version. */
  writeBuild(key: BuildKey, before: Stored<ImageBuild>, change: Partial<ImageBuild>): Promise<Stored<ImageBuild>>;
}

/** The lock of one build's uploads to one provider. */
export interface UploadsClaim extends Claim {
  createUpload(upload: ImageUpload): Promise<{ readonly key: UploadKey; readonly stored: Stored<ImageUpload> }>;
  writeUpload(key: UploadKey, before: Stored<ImageUpload>, change: Partial<ImageUpload>): Promise<Stored<ImageUpload>>;
  removeUpload(key: UploadKey): Promise<void>;
}

// ----------------------------------------------------------------------------------------------------- nodes

export interface NodeEntry extends Entry<Node> {
  readonly id: string;
  /** Somebody contends for the node's lock: any child of the lock dir (zk-tree 10.1). */
  readonly locked: boolean;
}
export interface NodesView extends View {
  readonly nodes: ReadonlyMap<string, NodeEntry>;
}
export interface Nodes {
  view(): NodesView;
  read(): Promise<ReadonlyMap<string, NodeEntry>>;
  get(id: string): Promise<Stored<Node> | undefined>;
  /**
   * Creates a node and locks it: two writes. `extra` are further steps of the creating transaction, e.g. a quota reservation
   * as a `set` with version: the record appears only if they hold, else their ZkError is thrown.
   */
  create(node: Node, signal: AbortSignal, extra?: readonly Op[]): Promise<NodeClaim>;
  /**
   * Creates several nodes in one transaction with the steps of `guard`: all or none. Each is to be locked at once, by
   * another write. Throws the ZkError of a guard that does not hold, its `failedOp` being the place in `guard`.
   */
  createAll(nodes: readonly Node[], signal: AbortSignal, guard?: readonly Op[]): Promise<readonly NewNode[]>;
  /**
   * Creates a node as it is, unlocked, in one transaction with the steps of `guard`, e.g. that a lock is still ours; exactly
   * once even if the reply is lost. For nodes that are `ready` from the beginning (zk-tree 8.1). Returns its id; throws
   * the ZkError of a guard that does not hold.
   */
  register(node: Node, guard: readonly Op[], signal: AbortSignal): Promise<string>;
  /** Locks an existing node and re-reads it. Undefined: held by somebody (after `timeoutMs`, default 0), or gone. */
  claim(id: string, signal: AbortSignal, timeoutMs?: number): Promise<NodeClaim | undefined>;
  /**
   * Locks a node and writes `change`, in one transaction and without reads: only if its record is still that of `entry`, from
   * a view, and nobody contends for the lock; else undefined, and nothing was written. Throws SESSION_EXPIRED, and the
   * ZkError of a step of `guard` that does not hold, its `failedOp` being the place in `guard`.
   */
  claimAs(
    entry: NodeEntry,
    change: Partial<Node>,
    signal: AbortSignal,
    guard?: readonly Op[],
  ): Promise<NodeClaim | undefined>;
  /** Operators' unlocked removal (`erase`): node, lock dir and contenders. */
  remove(id: string): Promise<void>;
}
/** A node that exists and is not locked yet. */
export interface NewNode {
  /** Empty if it is gone already. */
  readonly id: string;
  /** Locks it and makes it what was asked for. A ClaimLostError when others have changed it before. */
  lock(): Promise<NodeClaim>;
}
export interface NodeClaim extends RecordClaim<Node> {
  readonly id: string;
}

// -------------------------------------------------------------------------------------------------- requests

export interface RequestEntry extends Entry<NodeRequest> {
  /** `PPP-nnnnnnnnnn`; other shapes are listed too. */
  readonly id: string;
  readonly ephemeral: boolean;
  /** Somebody contends for the request's lock. */
  readonly locked: boolean;
}
export interface RequestsView extends View {
  readonly requests: ReadonlyMap<string, RequestEntry>;
  /** Lock directories (below `requests-lock`), for those that outlive their request. */
  readonly locks: ReadonlyMap<string, { readonly contended: boolean }>;
}
export interface Requests {
  view(): RequestsView;
  read(): Promise<ReadonlyMap<string, RequestEntry>>;
  get(id: string): Promise<Stored<NodeRequest> | undefined>;
  /** Files a request under `<priority>-`; exactly once even if the reply is lost. Returns its id. */
  create(request: NodeRequest, priority: number, kind: 'persistent' | 'ephemeral'): Promise<string>;
  /** Locks a request and re-reads it. Undefined: held by somebody, or gone. */
  claim(id: string, signal: AbortSignal): Promise<RequestClaim | undefined>;
  /** As `Nodes.claimAs`: lock and first write in one. */
  claimAs(entry: RequestEntry, change: Partial<NodeRequest>, signal: AbortSignal): Promise<RequestClaim | undefined>;
  /**
   * As `claimAs`, together with the nodes that it is to have: all in one transaction, or nothing was written, and the answer is
   * which of them, a `request` or a `node`, was not as seen, or is contended for.
   */
  claimWithNodes(
    entry: RequestEntry,
    change: Partial<NodeRequest>,
    nodes: readonly NodeTaking[],
    signal: AbortSignal,
  ): Promise<ClaimedWithNodes | 'request' | 'node'>;
  /** The requestor's own deletion; gone already is fine. */
  delete(id: string): Promise<void>;
  /** Removes a lock directory without request. */
  removeLock(id: string): Promise<void>;
}
/** A node as a view shows it and what is written when it is locked. */
export interface NodeTaking {
  readonly entry: NodeEntry;
  readonly change: Partial<Node>;
}
export interface ClaimedWithNodes {
  readonly claim: RequestClaim;
  /** In the order asked for. */
  readonly nodes: readonly NodeClaim[];
}
/** A locked node and what it becomes when its request is done. */
export interface NodeHandOver {
  readonly claim: NodeClaim;
  readonly change: Partial<Node>;
}
export interface RequestClaim extends RecordClaim<NodeRequest> {
  readonly id: string;
  /**
   * Writes and unlocks `nodes`, then writes and unlocks the request, all in one transaction: whoever sees the request final
   * finds the nodes complete and unlocked (zk-tree 12). A ClaimLostError names the record that was lost; then nothing
   * was written and all locks are as they were.
   */
  finish(change: Partial<NodeRequest>, nodes: readonly NodeHandOver[]): Promise<Stored<NodeRequest>>;
}

// ----------------------------------------------------------------------------------------------------- marks

/**
 * Things that carry nothing but a version, which whoever decides on a scope moves on in the transaction of the decision:
 * two decisions on one state of affairs cannot both succeed.
 */
export interface Marks {
  /** The version now; made if missing. */
  read(scope: string): Promise<number>;
  /** The step of a transaction that moves it on from `version`. */
  step(scope: string, version: number): Op;
  /** Whether a transaction that began with so many of these steps failed because one of them was overtaken. */
  isStale(error: unknown, steps: number): boolean;
}

// ------------------------------------------------------------------------------------------------ components

export interface ComponentEntry<C extends Component = Component> {
  /** Last part of the path. */
  readonly znode: string;
  readonly component: C;
}
export interface ComponentsView extends View {
  readonly pools: ReadonlyMap<string, ComponentEntry<PoolComponent>>;
  readonly launchers: ReadonlyMap<string, ComponentEntry>;
  readonly builders: ReadonlyMap<string, ComponentEntry>;
}
/** A registration of ours: survives lost sessions by registering again under a new number. */
export interface Registration<C extends Component> {
  readonly component: C;
  /** The znode's name now; undefined while no session holds it. */
  readonly znode: string | undefined;
  /** Rewrites the record if something really changes; guarded by version. */
  update(change: Partial<C>): Promise<void>;
  /** Resolves when the component is visible in our own view (launcher.md 3). */
  visible(signal: AbortSignal): Promise<void>;
  unregister(): Promise<void>;
}
export interface Components {
  view(): ComponentsView;
  read(): Promise<{ readonly [K in ComponentKind]: readonly ComponentEntry[] }>;
  register<C extends Component>(component: C): Promise<Registration<C>>;
}

export type { ConnectionState, Session };
