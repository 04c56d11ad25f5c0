import { Call, type CallOutcome } from './call';
import { Chroot } from './chroot';
import type {
  AclEntry,
  ConnectionState,
  CreateOptions,
  Op,
  OpResult,
  ReadOp,
  ReadOptions,
  ReadResult,
  RequestOptions,
  Session,
  Stat,
  Watcher,
  WatchHandle,
  WatchMode,
  ZooKeeper,
} from './client';
import type { ConnectOptions, ZkTools } from './connect';
import { type Dial, dialPlain, dialTls } from './dial';
import { isZkError, ZkError } from './errors';
import { parseHostString } from './host-string';
import { multiReadRequest, transactionRequest } from './multi';
import { WATCH_KIND } from './opcodes';
import { isSequential, OPEN_ACL } from './records';
import * as requests from './request';
import type { Request } from './request';
import { SessionLoop } from './session-loop';
import { type OneShotKind, type PersistentWatch, WatchRegistry } from './watch-registry';

/** For tests and measurements; programs give `ZkTools`. */
export interface EngineTools extends ZkTools {
  /** Default: TCP, or TLS where the options say so. */
  readonly dial?: Dial;
  /** Default 1,000. */
  readonly maxInFlight?: number;
  /** xid of the first request of a link; default 1. */
  readonly firstXid?: number;
}

/**
 * A client with a session of its own that is kept, or made anew when lost, until `close`. Returns at once; the first
 * connection is tried for ever. Throws BAD_ARGUMENTS for a host string that cannot be read, and what TLS says of bad PEM.
 */
export function connectZooKeeper(options: ConnectOptions, tools: EngineTools): ZooKeeper {
  return new Engine(options, tools);
}

/** The engine behind `connectZooKeeper`: requests to frames and back. The session is `SessionLoop`'s business. */
class Engine implements ZooKeeper {
  readonly #chroot: Chroot;
  readonly #registry: WatchRegistry;
  readonly #loop: SessionLoop;
  readonly #unroot: (path: string) => string;

  constructor(
    options: ConnectOptions,
    private readonly tools: EngineTools,
  ) {
    const { servers, chroot } = parseHostString(options.hosts);
    this.#chroot = new Chroot(chroot);
    this.#unroot = (path) => this.#chroot.remove(path);
    this.#registry = new WatchRegistry(this.#unroot, tools.log);
    const link = {
      clock: tools.clock,
      dial: tools.dial ?? (options.tls === undefined ? dialPlain : dialTls(options.tls)),
      maxRequestBytes: options.maxRequestBytes ?? 1_048_575,
      maxReplyBytes: options.maxReplyBytes ?? 64 * 1024 * 1024,
      maxInFlight: tools.maxInFlight ?? 1_000,
      firstXid: tools.firstXid ?? 1,
    };
    this.#loop = new SessionLoop(
      { link, servers, sessionTimeoutMs: options.sessionTimeoutMs, random: tools.random, log: tools.log },
      {
        watchPaths: () => this.#registry.paths(),
        onEvent: (event) => this.#registry.dispatch(event),
        onSessionOver: () => this.#registry.loseAll(),
      },
    );
  }

  get state(): ConnectionState {
    return this.#loop.state;
  }

  get session(): Session | undefined {
    return this.#loop.session;
  }

  connected(signal?: AbortSignal): Promise<Session> {
    // What is asked before every request is mostly answered at once.
    if (this.state === 'connected' && signal?.aborted !== true) return Promise.resolve(this.session!);
    return new Promise((resolve, reject) => {
      const look = (state: ConnectionState, session: Session | undefined) => {
        if (signal?.aborted) end(() => reject(signal.reason as Error));
        else if (state === 'connected') end(() => resolve(session!));
        else if (state === 'closed') end(() => reject(new ZkError('SESSION_CLOSED')));
      };
      const onAbort = () => look(this.state, this.session);
      const stop = this.#loop.onState(look);
      const end = (tell: () => void) => {
        stop();
        signal?.removeEventListener('abort', onAbort);
        tell();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      look(this.state, this.session);
    });
  }

  onState(listener: (state: ConnectionState, session: Session | undefined) => void): () => void {
    return this.#loop.onState(listener);
  }

  create(path: string, data: Buffer, options: CreateOptions = {}): Promise<{ path: string; stat: Stat }> {
    const { mode = 'persistent', acl = OPEN_ACL, ttlMs } = options;
    return this.#asking(options, () => {
      const full = isSequential(mode) ? this.#chroot.addSequential(path) : this.#chroot.add(path);
      return requests.createRequest({ full, shown: path }, { data, mode, acl, ttlMs }, this.#unroot);
    });
  }

  get(path: string, options: ReadOptions = {}): Promise<{ data: Buffer; stat: Stat }> {
    return this.#reading(path, options, requests.getRequest, (outcome) => (outcome === 'ok' ? 'data' : undefined));
  }

  exists(path: string, options: ReadOptions = {}): Promise<Stat | undefined> {
    return this.#reading(path, options, requests.existsRequest, (outcome) => {
      if (outcome === 'failed') return undefined;
      return outcome === 'ok' ? 'data' : 'exist';
    });
  }

  children(path: string, options: ReadOptions = {}): Promise<{ children: string[]; stat: Stat }> {
    return this.#reading(path, options, requests.childrenRequest, (it) => (it === 'ok' ? 'child' : undefined));
  }

  set(path: string, data: Buffer, version?: number, options: RequestOptions = {}): Promise<Stat> {
    return this.#asking(options, () => requests.setRequest(this.#target(path), data, version));
  }

  delete(path: string, version?: number, options: RequestOptions = {}): Promise<void> {
    return this.#asking(options, () => requests.deleteRequest(this.#target(path), version));
  }

  transaction(ops: readonly Op[], options: RequestOptions = {}): Promise<OpResult[]> {
    return this.#asking(options, () => transactionRequest(ops, this.#chroot));
  }

  multiRead(ops: readonly ReadOp[], options: RequestOptions = {}): Promise<ReadResult[]> {
    return this.#asking(options, () => multiReadRequest(ops, this.#chroot));
  }

  sync(path: string, options: RequestOptions = {}): Promise<void> {
    return this.#asking(options, () => requests.syncRequest(this.#target(path)));
  }

  async addWatch(path: string, mode: WatchMode, watcher: Watcher, options: RequestOptions = {}): Promise<WatchHandle> {
    const at = this.#target(path);
    const other = this.#registry.modeAt(at.full);
    // At the server the second mode would silently replace the first.
    if (other !== undefined && other !== mode) throw new ZkError('BAD_ARGUMENTS', path);
    const watch = { watcher };
    const settled = this.#registry.expect(at.full);
    await this.#ask(requests.addWatchRequest(at, mode), options, (outcome, isAwaited) => {
      settled();
      if (outcome === 'ok' && isAwaited) this.#registry.addPersistent(mode, at.full, watch);
      else if (outcome === 'ok' && !this.#registry.needsAny(at.full)) void this.#unwatch(at, WATCH_KIND.any);
    });
    let closing: Promise<void> | undefined;
    return { close: () => (closing ??= this.#endWatch(mode, at, watch)) };
  }

  async removeWatcher(path: string, watcher: Watcher): Promise<void> {
    const at = this.#target(path);
    const kinds = this.#registry.removeOneShot(at.full, watcher);
    const sides = new Set(kinds.map((it) => it === 'child'));
    await Promise.all(
      [...sides]
        .filter((isChild) => !this.#registry.needsOneShot(at.full, isChild))
        .map((isChild) => this.#unwatch(at, isChild ? WATCH_KIND.children : WATCH_KIND.data)),
    );
  }

  countDescendants(path: string, options: RequestOptions = {}): Promise<number> {
    return this.#asking(options, () => requests.countRequest(this.#target(path)));
  }

  ephemerals(prefix: string, options: RequestOptions = {}): Promise<string[]> {
    const at = { full: this.#chroot.addTextPrefix(prefix), shown: prefix };
    return this.#asking(options, () => requests.ephemeralsRequest(at, this.#unroot));
  }

  getAcl(path: string, options: RequestOptions = {}): Promise<{ acl: AclEntry[]; stat: Stat }> {
    return this.#asking(options, () => requests.getAclRequest(this.#target(path)));
  }

  setAcl(path: string, acl: readonly AclEntry[], version?: number, options: RequestOptions = {}): Promise<Stat> {
    return this.#asking(options, () => requests.setAclRequest(this.#target(path), acl, version));
  }

  addAuth(scheme: string, auth: Buffer): Promise<void> {
    return this.#loop.authenticate(scheme, auth);
  }

  updateServers(hosts: string): void {
    const { servers, chroot } = parseHostString(hosts);
    if (chroot !== this.#chroot.prefix) throw new ZkError('BAD_ARGUMENTS', hosts);
    this.#loop.updateServers(servers);
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  #target(path: string): requests.Target {
    return { full: this.#chroot.add(path), shown: path };
  }

  /** Arguments that cannot be sent fail the promise, as everything else does. */
  #asking<T>(options: RequestOptions, request: () => Request<T>): Promise<T> {
    let built: Request<T>;
    try {
      built = request();
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#ask(built, options);
  }

  #ask<T>(
    request: Request<T>,
    options: RequestOptions,
    onAnswer?: (outcome: CallOutcome, isAwaited: boolean) => void,
  ): Promise<T> {
    const call = new Call(request);
    if (onAnswer !== undefined) call.onAnswer = (outcome) => onAnswer(outcome, !call.settled);
    call.limit(options, this.tools.clock);
    if (!call.settled) this.#loop.submit(call as Call);
    else onAnswer?.('failed', false);
    return call.promise;
  }

  #reading<T>(
    path: string,
    options: ReadOptions,
    build: (at: requests.Target, watch: boolean) => Request<T>,
    leaves: (outcome: CallOutcome) => OneShotKind | undefined,
  ): Promise<T> {
    const { watcher } = options;
    if (watcher === undefined) return this.#asking(options, () => build(this.#target(path), false));
    let at: requests.Target;
    try {
      at = this.#target(path);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const settled = this.#registry.expect(at.full);
    return this.#ask(build(at, true), options, (outcome, isAwaited) => {
      settled();
      const kind = leaves(outcome);
      if (kind === undefined) return;
      if (isAwaited) this.#registry.addOneShot(kind, at.full, watcher);
      else if (!this.#registry.needsOneShot(at.full, kind === 'child')) {
        void this.#unwatch(at, kind === 'child' ? WATCH_KIND.children : WATCH_KIND.data);
      }
    });
  }

  async #endWatch(mode: WatchMode, at: requests.Target, watch: PersistentWatch): Promise<void> {
    if (!this.#registry.removePersistent(mode, at.full, watch)) return;
    if (!this.#registry.needsAny(at.full)) await this.#unwatch(at, WATCH_KIND.any);
  }

  /** Takes a watch off the server. Without a link there is none to take: the next one gets only what is registered. */
  async #unwatch(at: requests.Target, kind: number): Promise<void> {
    try {
      await this.#ask(requests.removeWatchesRequest(at, kind), {});
    } catch (error) {
      if (!isZkError(error)) throw error;
      if (!isZkError(error, 'NO_WATCHER', 'CONNECTION_LOSS', 'SESSION_CLOSED', 'SESSION_EXPIRED')) {
        this.tools.log.debug('watch not removed', { path: at.shown, err: error });
      }
    }
  }
}
