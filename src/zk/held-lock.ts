import { Backoff } from '../runtime/backoff';
import type { ConnectionState, Op, Session, WatchEvent, ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { isOutcomeUnknown, isZkError, ZkError } from './errors';
import type { HeldLock } from './lock-api';
import { type Contender, removeContender } from './lock-contender';

/** One for all: where it was made tells nobody anything. */
const RELEASED = new DOMException('lock released', 'AbortError');

/**
 * Calls `onGone` when a znode that is known to be there goes, as somebody sees it who watches it anyway. Returns how to stop,
 * or undefined if nobody does: then the lock looks and watches itself.
 */
export type Follow = (path: string, onGone: () => void) => (() => void) | undefined;

/**
 * A lock that rests on its contender.
 *
 * checked ─ link lost ─► unchecked ─ same session, `sync`, contender still ours ─► checked
 * both ─ session lost, contender gone, `release` ─► over, for good
 *
 * While checked the lock is held as long as the lease runs. Unchecked it is held to the end of the lease as it was when the
 * link went, and not a moment longer until the check is done (zookeeper-client 7.3).
 */
export class ContenderLock implements HeldLock {
  readonly contender: string;
  readonly fence: bigint;
  readonly #over = new AbortController();
  readonly #session: Session;
  readonly #stopListening: () => void;
  readonly #stopFollowing: (() => void) | undefined;
  /** Counts link losses, so that a check begun before one says nothing. */
  #losses = 0;
  #uncheckedUntilMs: number | undefined;
  #released: Promise<void> | undefined;

  constructor(
    private readonly zk: ZooKeeper,
    readonly dir: string,
    private readonly own: Contender,
    private readonly tools: ZkTools,
    follow?: Follow,
  ) {
    this.contender = own.path;
    this.fence = own.czxid;
    this.#session = own.session;
    this.#stopListening = zk.onState((state, session) => this.#onState(state, session));
    this.#stopFollowing = follow?.(own.path, () => this.#gone());
    const isFollowed = this.#stopFollowing !== undefined && zk.state === 'connected' && zk.session === own.session;
    if (!isFollowed) this.#onState(zk.state, zk.session);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  isHeld(): boolean {
    if (this.signal.aborted || this.#session.lost.aborted) return false;
    return this.tools.clock.monotonic() < (this.#uncheckedUntilMs ?? this.#session.leaseEndMs());
  }

  guard(): Op {
    return { op: 'check', path: this.contender, version: 0 };
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    this.#end(RELEASED);
    await removeContender(this.zk, this.own, this.tools);
  }

  #onState(state: ConnectionState, session: Session | undefined): void {
    // A state follows the end of a session at once: no need for one listener a lock on the session's own signal.
    if (this.#session.lost.aborted) this.#end(new ZkError('SESSION_EXPIRED', this.contender));
    else if (state !== 'connected') this.#suspend();
    else if (session === this.#session) void this.#check();
  }

  #suspend(): void {
    this.#losses += 1;
    this.#uncheckedUntilMs ??= this.#session.leaseEndMs();
  }

  readonly #onOwnEvent = (event: WatchEvent) => {
    if (event.type === 'deleted') this.#gone();
    else if (event.type !== 'lost' && !this.signal.aborted) void this.#check();
  };

  /** Looks whether the contender is there and ours, leaving a watch on it. Repeats while the link stands. */
  async #check(): Promise<void> {
    const losses = this.#losses;
    const backoff = new Backoff({ firstMs: 50, maxMs: 2_000 }, this.tools.random);
    while (losses === this.#losses && !this.signal.aborted) {
      try {
        const ours = await this.#isOurs();
        if (losses !== this.#losses) return;
        if (ours) {
          this.#uncheckedUntilMs = undefined;
          return;
        }
        this.#gone();
        return await this.#forgetWatch();
      } catch (error) {
        if (isZkError(error, 'CONNECTION_LOSS', 'SESSION_CLOSED', 'SESSION_EXPIRED')) return; // a state follows
        if (!isOutcomeUnknown(error)) this.tools.log.warn('cannot check a lock', { err: error });
        await this.tools.clock.sleep(backoff.next(), this.signal).catch(() => undefined);
      }
    }
  }

  async #isOurs(): Promise<boolean> {
    if (this.#uncheckedUntilMs !== undefined) await this.zk.sync(this.dir);
    const stat = await this.zk.exists(this.contender, { watcher: this.#onOwnEvent });
    return stat?.czxid === this.fence && stat.ephemeralOwner === this.#session.id;
  }

  /**
   * Nobody deletes what is not there: the watch that was left on it would stay for as long as the session. What cannot be taken
   * off, goes with the link or the session.
   */
  async #forgetWatch(): Promise<void> {
    await this.zk.removeWatcher(this.contender, this.#onOwnEvent).catch(() => undefined);
  }

  #gone(): void {
    this.#end(new ZkError('NO_NODE', this.contender));
  }

  #end(reason: Error): void {
    this.#stopListening();
    this.#stopFollowing?.();
    if (!this.signal.aborted) this.#over.abort(reason);
  }
}
