import type { Clock, Timer } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';
import { nextTurn } from '../runtime/turn';
import type { ConnectionState, RequestOptions, Session, WatchEventType } from './client';
import { type ErrorName, ZkError } from './errors';
import type { MemoryFaults, OpName } from './memory-faults';
import { MemoryHop } from './memory-hop';
import { PendingRequest } from './memory-pending';
import { MemorySession } from './memory-session';
import type { MemorySessions } from './memory-sessions';
import type { MemoryTree } from './memory-tree';
import { MemoryWatches, type WatchKind } from './memory-watches';

export interface MemoryConnectionParts {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random | undefined;
  readonly faults: MemoryFaults;
  readonly sessions: MemorySessions;
  readonly tree: MemoryTree;
  /** Whether the server takes connections now. */
  readonly accepting: () => boolean;
  readonly onClosed: (client: MemoryConnection) => void;
}

const REFUSALS: Record<ConnectionState, ErrorName> = {
  connecting: 'CONNECTION_LOSS',
  connected: 'CONNECTION_LOSS',
  suspended: 'CONNECTION_LOSS',
  lost: 'SESSION_EXPIRED',
  closed: 'SESSION_CLOSED',
};

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error };

/**
 * Link and session of a client of the model.
 *
 * connecting ─► connected ◄─► suspended ─► lost ─► connected (a new session) …; closed from everywhere.
 *
 * Lost: the server says so, or the link was gone for a whole timeout; then the old session is ended before a new one begins.
 * A cut link is followed by another at once, unless held (`suspend`) or refused (`outage`). A frozen link is cut by the read
 * timeout. With every change: state first, then failed requests, then watchers.
 */
export class MemoryConnection {
  readonly watches = new MemoryWatches();
  protected readonly parts: MemoryConnectionParts;
  readonly #listeners = new Set<(state: ConnectionState, session: Session | undefined) => void>();
  readonly #pending = new Set<PendingRequest>();
  #state: ConnectionState = 'connecting';
  #session: MemorySession | undefined;
  #epoch = 0;
  #lastZxid = 0n;
  /** A session that was cut off for too long: whatever the server thinks, it is over. */
  #givenUp: bigint | undefined;
  #hops: { readonly up: MemoryHop; readonly down: MemoryHop } | undefined;
  #held = false;
  #frozen = false;
  #linking = false;
  #readTimeout: Timer | undefined;
  #assumeLost: Timer | undefined;

  constructor(parts: MemoryConnectionParts) {
    this.parts = parts;
    this.link();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  onState(listener: (state: ConnectionState, session: Session | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connected(signal?: AbortSignal): Promise<Session> {
    return new Promise((resolve, reject) => {
      const done = () => {
        stop();
        signal?.removeEventListener('abort', check);
      };
      const check = () => {
        if (signal?.aborted) reject(signal.reason as Error);
        else if (this.#state === 'closed') reject(new ZkError('SESSION_CLOSED'));
        else if (this.#state === 'connected' && this.#session !== undefined) resolve(this.#session);
        else return;
        done();
      };
      const stop = this.onState(check);
      signal?.addEventListener('abort', check, { once: true });
      check();
    });
  }

  // ------------------------------------------------------------------------------------------------ requests

  /** Carries `run` out at the server and gives its answer to `onReply`, then to the caller. */
  protected ask<T>(
    op: OpName,
    paths: readonly string[],
    run: (sessionId: bigint) => T,
    options: RequestOptions = {},
    onReply: (outcome: Outcome<T>) => void = () => undefined,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const hops = this.#hops;
      const session = this.#session;
      if (options.signal?.aborted) return reject(options.signal.reason as Error);
      if (hops === undefined || session === undefined) {
        const refusal = new ZkError(REFUSALS[this.#state], paths[0]);
        // As the engine: so that a caller that tries again at once does not keep everybody else from running.
        return nextTurn(() => reject(refusal));
      }
      const request = new PendingRequest(paths[0], reject, options, (it) => this.#pending.delete(it));
      this.#pending.add(request);
      if (this.#frozen) request.startDeadline(this.parts.clock, session.timeoutMs);
      hops.up.push(() => {
        const outcome = this.#serve(op, paths, () => run(session.id));
        if (outcome === undefined) return this.cut();
        const { zxid } = this.parts.tree;
        hops.down.push(() => {
          this.#lastZxid = zxid;
          onReply(outcome);
          request.end(() => (outcome.ok ? resolve(outcome.value) : reject(outcome.error)));
        });
      });
    });
  }

  /** The answer, or undefined where a fault cuts the link. */
  #serve<T>(op: OpName, paths: readonly string[], run: () => T): Outcome<T> | undefined {
    const effect = this.parts.faults.take(this, op, paths);
    if (effect?.kind === 'drop-request') return undefined;
    if (effect?.kind === 'fail') return { ok: false, error: new ZkError(effect.code, paths[0]) };
    const outcome = attempt(run);
    return effect?.kind === 'drop-reply' ? undefined : outcome;
  }

  // ------------------------------------------------------------------------------------------------ link

  /** Connects, if that is possible now. */
  link(): void {
    if (this.#linking) return;
    this.#linking = true;
    queueMicrotask(() => {
      this.#linking = false;
      if (this.#hops !== undefined || this.#held || this.#state === 'closed' || !this.parts.accepting()) return;
      this.#handshake();
    });
  }

  cut(): void {
    if (this.#state === 'closed' || this.#hops === undefined || this.#session === undefined) return;
    this.#unlink(this.#session);
    this.#move('suspended');
    this.#failAll('CONNECTION_LOSS');
    this.link();
  }

  hold(held: boolean): void {
    this.#held = held;
    if (held) this.cut();
    else this.link();
  }

  freeze(frozen: boolean): void {
    const session = this.#session;
    if (this.#hops === undefined || session === undefined || this.#frozen === frozen) return;
    this.#frozen = frozen;
    this.#readTimeout?.cancel();
    if (frozen) {
      session.silence(false);
      this.parts.sessions.unheard(session.id);
      for (const it of this.#pending) it.startDeadline(this.parts.clock, session.timeoutMs);
      this.#readTimeout = this.parts.clock.after((2 * session.timeoutMs) / 3, () => this.cut());
    } else if (this.parts.sessions.heard(session.id)) session.renew();
    else return this.cut();
    this.#hops.up.pause(frozen);
    this.#hops.down.pause(frozen);
  }

  /** The server ended the session and closes its link; not noticed while frozen. */
  serverClosed(): void {
    if (!this.#frozen) this.cut();
  }

  /** An event is on its way to this client. */
  push(type: WatchEventType, path: string): void {
    this.#hops?.down.push(() => this.#dispatch(type, path));
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const session = this.#session;
    const reachable = this.#hops !== undefined && !this.#frozen;
    if (session !== undefined) this.#unlink(session);
    this.#assumeLost?.cancel();
    this.#session = undefined;
    this.#state = 'closed';
    const reason = new ZkError('SESSION_CLOSED');
    session?.lose(reason);
    this.#tell();
    this.#failAll('SESSION_CLOSED');
    this.#tellWatchersLost();
    this.parts.onClosed(this);
    if (reachable && session !== undefined) this.parts.sessions.expire(session.id);
    await Promise.resolve();
  }

  // ------------------------------------------------------------------------------------------------ states

  #handshake(): void {
    const session = this.#session;
    this.#bury();
    if (session !== undefined && !this.parts.sessions.heard(session.id)) {
      this.#lose(session);
      return this.link();
    }
    this.#hops = { up: new MemoryHop(this.parts.random), down: new MemoryHop(this.parts.random) };
    this.#assumeLost?.cancel();
    if (session === undefined) this.#session = this.#newSession();
    else session.renew();
    this.#rearm();
    this.#move('connected');
  }

  #newSession(): MemorySession {
    const { sessions, timeoutMs, clock } = this.parts;
    this.#epoch += 1;
    return new MemorySession(sessions.open(timeoutMs), this.#epoch, timeoutMs, clock);
  }

  /** Ends at the server what we gave up, should it live yet. */
  #bury(): void {
    if (this.#givenUp !== undefined) this.parts.sessions.expire(this.#givenUp);
    this.#givenUp = undefined;
  }

  #unlink(session: MemorySession): void {
    this.#hops?.up.stop();
    this.#hops?.down.stop();
    this.#hops = undefined;
    this.#frozen = false;
    this.#readTimeout?.cancel();
    session.silence(true);
    this.parts.sessions.unheard(session.id);
    this.#assumeLost = this.parts.clock.after(session.timeoutMs, () => {
      this.#givenUp = session.id;
      this.#lose(session);
    });
  }

  #lose(session: MemorySession): void {
    this.#assumeLost?.cancel();
    this.#session = undefined;
    this.#state = 'lost';
    session.lose(new ZkError('SESSION_EXPIRED'));
    this.#tell();
    this.#tellWatchersLost();
  }

  #move(state: ConnectionState): void {
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) this.#guarded(() => listener(this.#state, this.#session));
  }

  #failAll(code: 'CONNECTION_LOSS' | 'SESSION_CLOSED'): void {
    for (const it of [...this.#pending]) it.fail(new ZkError(code, it.path));
  }

  // ------------------------------------------------------------------------------------------------ watches

  /** What the server does with the watches sent after a reconnect: those whose moment has passed fire. */
  #rearm(): void {
    for (const { kind, path } of this.watches.armed()) {
      const missed = this.#missed(kind, path);
      if (missed !== undefined) this.push(missed, path);
    }
  }

  #missed(kind: WatchKind, path: string): WatchEventType | undefined {
    const stat = this.parts.tree.exists(path);
    if (kind === 'exist') return stat === undefined ? undefined : 'created';
    if (stat === undefined) return 'deleted';
    if (kind === 'data') return stat.mzxid > this.#lastZxid ? 'changed' : undefined;
    return stat.pzxid > this.#lastZxid ? 'children' : undefined;
  }

  #dispatch(type: WatchEventType, path: string): void {
    for (const watcher of this.watches.take(type, path)) this.#guarded(() => watcher({ type, path, zxid: -1n }));
  }

  #tellWatchersLost(): void {
    for (const { path, watcher } of this.watches.takeAll()) {
      this.#guarded(() => watcher({ type: 'lost', path, zxid: -1n }));
    }
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.parts.log.error('listener failed', { err: error });
    }
  }
}

function attempt<T>(run: () => T): Outcome<T> {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    if (error instanceof ZkError) return { ok: false, error };
    throw error;
  }
}
