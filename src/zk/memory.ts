import type { Clock } from '../runtime/clock';
import { type Logger, silentLogger } from '../runtime/log';
import type { Random } from '../runtime/random';
import type { ZooKeeper } from './client';
import type { ErrorName } from './errors';
import { MemoryClient } from './memory-client';
import { type Fault, MemoryFaults, type OpName } from './memory-faults';
import { parentOf } from './memory-paths';
import { MemorySessions } from './memory-sessions';
import { type Change, MemoryTree } from './memory-tree';

export interface MemoryServerOptions {
  readonly clock: Clock;
  /** Makes every hop between client and server take a random number of turns, so that seeds explore orders. */
  readonly random?: Random;
  /** Whether `ttl` modes work, as with `zookeeper.extendedTypesEnabled`; default false, as the server's. */
  readonly extendedTypes?: boolean;
  readonly log?: Logger;
  /** When a silent session ends, in timeouts; default 1. Real servers may end one after 0.69 (zookeeper-client 3.10). */
  readonly lifeFactor?: number;
}

export interface MemoryConnectOptions {
  /** Default 10,000. */
  readonly sessionTimeoutMs?: number;
}

/**
 * An in-memory model of ZooKeeper, for tests of everything that stands on the `ZooKeeper` interface. Requests are carried
 * out in the order in which they were made, and answered some turns of the microtask queue later; no timer runs while
 * links are healthy, so a fake clock stays quiet. Faults are methods. Event zxids are -1n and a transaction's create has no
 * Stat, as with server 3.8; the root has no `/zookeeper`; only `world` is known to access lists, and events are told to all.
 */
export class MemoryServer {
  readonly #options: MemoryServerOptions;
  readonly #clients = new Set<MemoryClient>();
  readonly #faults = new MemoryFaults();
  readonly #sessions: MemorySessions;
  readonly #tree: MemoryTree;
  #refusing = false;

  constructor(options: MemoryServerOptions) {
    this.#options = options;
    this.#tree = new MemoryTree(options.clock, options.extendedTypes ?? false, (change) => this.#announce(change));
    this.#sessions = new MemorySessions(options.clock, (id) => this.#endSession(id), options.lifeFactor ?? 1);
  }

  /** A client with a session of its own, connecting as this returns. `tools` may give it a clock or log of its own. */
  connect(
    options: MemoryConnectOptions = {},
    tools: { readonly clock?: Clock; readonly log?: Logger } = {},
  ): ZooKeeper {
    const client: MemoryClient = new MemoryClient({
      timeoutMs: options.sessionTimeoutMs ?? 10_000,
      clock: tools.clock ?? this.#options.clock,
      log: tools.log ?? this.#options.log ?? silentLogger,
      random: this.#options.random,
      faults: this.#faults,
      sessions: this.#sessions,
      tree: this.#tree,
      accepting: () => !this.#refusing,
      onClosed: () => this.#clients.delete(client),
    });
    this.#clients.add(client);
    return client;
  }

  // ------------------------------------------------------------------------------------------------ faults

  /** Ends a session at the server. A linked client learns of it at once, others when they come back. */
  expire(who: ZooKeeper | bigint): void {
    const id = typeof who === 'bigint' ? who : clientOf(who).session?.id;
    if (id !== undefined) this.#sessions.expire(id);
  }

  /** Cuts the link and keeps it cut until `resume`. The server ends the session when its timeout passes. */
  suspend(zk: ZooKeeper): void {
    clientOf(zk).hold(true);
  }

  resume(zk: ZooKeeper): void {
    clientOf(zk).hold(false);
  }

  /** Cuts the link; the client reconnects by itself. */
  cut(zk: ZooKeeper): void {
    clientOf(zk).cut();
  }

  /** The link swallows everything. The client notices after two thirds of its timeout and links anew. */
  freeze(zk: ZooKeeper): void {
    clientOf(zk).freeze(true);
  }

  thaw(zk: ZooKeeper): void {
    clientOf(zk).freeze(false);
  }

  /** Nobody can connect (and all links are cut) until `recover`. */
  outage(): void {
    this.#refusing = true;
    for (const it of this.#clients) it.cut();
  }

  recover(): void {
    this.#refusing = false;
    for (const it of this.#clients) it.link();
  }

  /** The next matching request is carried out, then the link is cut before the answer. */
  dropReply(fault: Fault = {}): void {
    this.#faults.add(fault, { kind: 'drop-reply' });
  }

  /** The link is cut before the next matching request is carried out. */
  dropRequest(fault: Fault = {}): void {
    this.#faults.add(fault, { kind: 'drop-request' });
  }

  /** The next request of this kind fails with `code` and is not carried out. */
  failNext(op: OpName | 'any', code: ErrorName, fault: Fault = {}): void {
    this.#faults.add(op === 'any' ? fault : { ...fault, op }, { kind: 'fail', code });
  }

  /** Faults that nothing has matched yet. */
  get pendingFaults(): number {
    return this.#faults.size;
  }

  /** Removes empty containers and overdue TTL znodes, as the server does now and then. */
  sweep(): void {
    this.#tree.sweep();
  }

  /** Closes every client and ends every session, so that no timer is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#clients].map((it) => it.close()));
    for (const id of this.#sessions.ids()) this.#sessions.expire(id);
  }

  // ------------------------------------------------------------------------------------------------ looking inside

  /** Every path with its data, the root first. */
  dump(): Map<string, Buffer> {
    return new Map(this.#tree.paths().map((path) => [path, this.#tree.get(path).data]));
  }

  /** Sessions that live, by id. */
  sessionIds(): bigint[] {
    return this.#sessions.ids();
  }

  /** Watches that clients hold: what a leak check compares. */
  get watches(): number {
    return [...this.#clients].reduce((sum, it) => sum + it.watches.size, 0);
  }

  #announce(change: Change): void {
    for (const it of this.#clients) {
      it.push(change.type, change.path);
      if (change.type !== 'changed') it.push('children', parentOf(change.path));
    }
  }

  #endSession(id: bigint): void {
    this.#tree.deleteOwned(id);
    for (const it of this.#clients) if (it.session?.id === id) it.serverClosed();
  }
}

function clientOf(zk: ZooKeeper): MemoryClient {
  if (!(zk instanceof MemoryClient)) throw new TypeError('not a client of the in-memory model');
  return zk;
}
