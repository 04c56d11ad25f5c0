import type { Timer } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';
import { nextTurn } from '../runtime/turn';
import type { Call } from './call';
import type { ConnectionState, Session } from './client';
import { Credentials } from './credentials';
import { type ErrorName, ZkError } from './errors';
import type { ServerAddress } from './host-string';
import { Link, type LinkSettings, type WireEvent } from './link';
import { LiveSession, type SessionIdentity } from './live-session';
import { rearmFrames } from './rearm';
import type { Welcome } from './records';
import { ServerRota } from './server-rota';
import { StateBoard } from './state-board';

export interface LoopSettings {
  readonly link: LinkSettings;
  readonly servers: readonly ServerAddress[];
  /** As wished for; the server decides. */
  readonly sessionTimeoutMs: number;
  readonly random: Random;
  readonly log: Logger;
}

export interface LoopHooks {
  /** What to leave with the next server, see `rearmFrames`. */
  watchPaths(): readonly (readonly string[])[];
  onEvent(event: WireEvent): void;
  /** After the change of state and the failed requests. */
  onSessionOver(): void;
}

/** A hello with it asks for a new session. */
const NOBODY: SessionIdentity = { id: 0n, password: Buffer.alloc(16) };

/** How long `close` tries to end the session at a server. */
const CLOSE_MS = 1_000;

const WARN_EVERY_MS = 10_000;

/**
 * Keeps a session alive over a succession of links, for ever:
 *
 *     connecting --welcome--> connected --link down--> suspended --welcome--> connected
 *                                |                         |--refused, or suspended for longer than T--> lost
 *                                |--credential refused---------------------------------------------> lost
 *     lost --welcome for a new session--> connected;      close() from everywhere --> closed
 *
 * While there is no link one is dialled. Of every change users hear in this order: the state, then the requests that
 * fail by it, then the watchers.
 *
 * *Burying.* When the layer gives a session up that the server may still have (suspended for longer than T, a credential
 * refused, closed while suspended), it connects once more with the old id, only to end it, and then asks for a new
 * one. Going on with the kept session under a new name would be cheaper, but then the contenders of lock objects that
 * are dead for us would stay alive in the tree, with nobody left to delete them, for as long as we run.
 */
export class SessionLoop {
  readonly credentials = new Credentials();
  readonly #board: StateBoard;
  readonly #rota: ServerRota;
  #session: LiveSession | undefined;
  #identity = NOBODY;
  #isBurying = false;
  #epoch = 0;
  #link: Link | undefined;
  #lastZxid = 0n;
  #dialTimer: Timer | undefined;
  #patienceTimer: Timer | undefined;
  #healthTimer: Timer | undefined;
  #closed: Promise<void> | undefined;
  /** Set while `close` still tries to end the session at a server. */
  #onSessionEnded: (() => void) | undefined;
  #refused: (() => void)[] = [];
  #warnedAtMs = -Infinity;

  constructor(
    private readonly settings: LoopSettings,
    private readonly hooks: LoopHooks,
  ) {
    this.#board = new StateBoard(settings.log);
    this.#rota = new ServerRota(settings.servers, settings.random);
    this.#dial();
  }

  get state(): ConnectionState {
    return this.#board.state;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  onState(listener: (state: ConnectionState, session: Session | undefined) => void): () => void {
    return this.#board.listen(listener);
  }

  /** Sends the call, or fails it in the next turn of the event loop if there is no link to send it on. */
  submit(call: Call): void {
    if (this.#link === undefined || this.state !== 'connected') {
      this.#refuse(call, new ZkError(refusal(this.state), call.request.path));
      return;
    }
    try {
      this.#link.submit(call);
    } catch (error) {
      this.#refuse(call, error as Error);
    }
  }

  /** Resolves when a server accepted the credential. */
  authenticate(scheme: string, auth: Buffer): Promise<void> {
    if (this.state === 'closed') return Promise.reject(new ZkError('SESSION_CLOSED'));
    const { frame, accepted } = this.credentials.add(scheme, auth);
    if (this.state === 'connected') this.#link?.control(frame());
    return accepted;
  }

  updateServers(servers: readonly ServerAddress[]): void {
    const isKept = this.#rota.replace(servers, this.#link?.server);
    if (this.state === 'closed' || isKept) return;
    const link = this.#link;
    if (link === undefined) {
      this.#cancelDial();
      this.#dial();
    } else {
      link.destroy();
      this.#onDown(link, 'server no longer listed');
    }
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      let done!: (end: Promise<void>) => void;
      // Assigned first: a listener that hears of it may close again.
      this.#closed = new Promise((resolve) => (done = resolve));
      done(this.#close());
    }
    return this.#closed;
  }

  /** Whether links are still wanted: until closed, and a little longer if a session is to be ended. */
  get #isDialling(): boolean {
    return this.state !== 'closed' || this.#onSessionEnded !== undefined;
  }

  #dial(): void {
    if (!this.#isDialling || this.#link !== undefined || this.#dialTimer !== undefined) return;
    const { server, delayMs } = this.#rota.next();
    if (delayMs === 0) {
      this.#connect(server);
      return;
    }
    this.#dialTimer = this.settings.link.clock.after(delayMs, () => {
      this.#dialTimer = undefined;
      this.#connect(server);
    });
  }

  #cancelDial(): void {
    this.#dialTimer?.cancel();
    this.#dialTimer = undefined;
  }

  #connect(server: ServerAddress): void {
    const timeoutMs = this.settings.sessionTimeoutMs;
    const hello = {
      lastZxid: this.#lastZxid,
      timeoutMs,
      sessionId: this.#identity.id,
      password: this.#identity.password,
    };
    const connectTimeoutMs = Math.max(1_000, timeoutMs / this.#rota.size);
    const link = new Link(server, hello, connectTimeoutMs, this.settings.link, {
      onWelcome: (welcome, sentAtMs) => this.#onWelcome(link, welcome, sentAtMs),
      onEvent: (event) => this.hooks.onEvent(event),
      onAuth: (error) => this.#onAuth(link, error),
      onDown: (reason, cause) => this.#onDown(link, reason, cause),
    });
    this.#link = link;
  }

  #onWelcome(link: Link, welcome: Welcome, sentAtMs: number): void {
    if (welcome.timeoutMs <= 0) this.#onSessionRefused(link);
    else if (this.#isBurying) {
      link.serve(undefined, welcome.timeoutMs, []);
      this.#endSessionOn(link, 'SESSION_EXPIRED');
    } else this.#serve(link, welcome, sentAtMs);
  }

  #serve(link: Link, welcome: Welcome, sentAtMs: number): void {
    const { clock } = this.settings.link;
    this.#patienceTimer?.cancel();
    const session = this.#session ?? this.#newSession(welcome, sentAtMs);
    session.resume(welcome.timeoutMs, sentAtMs);
    session.linked(true);
    const frames = [...this.credentials.frames(), ...rearmFrames(this.hooks.watchPaths(), link.lastZxid)];
    link.serve(session, welcome.timeoutMs, frames);
    this.#healthTimer = clock.after(welcome.timeoutMs / 3, () => this.#rota.healthy());
    this.settings.log.info('connected to zookeeper', { server: name(link), session: hex(session.id) });
    this.#board.enter('connected', session);
  }

  #newSession(welcome: Welcome, sentAtMs: number): LiveSession {
    this.#identity = { id: welcome.sessionId, password: welcome.password };
    this.#epoch += 1;
    const { clock } = this.settings.link;
    this.#session = new LiveSession(this.#identity, this.#epoch, welcome.timeoutMs, sentAtMs, clock);
    return this.#session;
  }

  #onDown(link: Link, reason: string, cause?: Error): void {
    this.#drop(link);
    this.#tellDown(link, reason, cause);
    if (this.state === 'connected') this.#suspend();
    link.failAll((path) => new ZkError('CONNECTION_LOSS', path));
    this.#dial();
  }

  /** Every loss is worth a line, of failed attempts one in ten seconds (zk-tree 1). */
  #tellDown(link: Link, reason: string, cause: Error | undefined): void {
    const nowMs = this.settings.link.clock.monotonic();
    const isNews = this.state === 'connected' || (this.state !== 'closed' && nowMs - this.#warnedAtMs >= WARN_EVERY_MS);
    if (isNews) this.#warnedAtMs = nowMs;
    const message = this.state === 'connected' ? 'zookeeper link lost' : 'zookeeper not reachable';
    this.settings.log[isNews ? 'warn' : 'debug'](message, { server: name(link), reason, err: cause });
  }

  #suspend(): void {
    const session = this.#session!;
    const patienceMs = session.timeoutMs;
    this.#patienceTimer = this.settings.link.clock.after(patienceMs, () => this.#assumeLost());
    this.#board.enter('suspended', session);
  }

  #assumeLost(): void {
    this.settings.log.warn('zookeeper session assumed lost', { session: hex(this.#identity.id) });
    this.#isBurying = true;
    this.#lose('SESSION_EXPIRED');
  }

  /** The server says that the session we named is gone. A fresh one it refuses is only a failed attempt. */
  #onSessionRefused(link: Link): void {
    link.destroy();
    if (this.#identity === NOBODY) {
      this.#onDown(link, 'new session refused');
      return;
    }
    this.#drop(link);
    if (!this.#isBurying) {
      this.settings.log.warn('zookeeper session expired', { session: hex(this.#identity.id) });
      this.#lose('SESSION_EXPIRED');
    }
    this.#afterSession(link.server);
  }

  #onAuth(link: Link, error: ZkError | undefined): void {
    this.credentials.answered(error);
    if (error === undefined) return;
    this.settings.log.error('zookeeper refused a credential', { err: error });
    link.destroy();
    this.#drop(link);
    this.#isBurying = true;
    this.#lose('AUTH_FAILED', link);
    this.#dial();
  }

  /** Nothing rests on the session any more. */
  #lose(code: ErrorName, link?: Link): void {
    this.#patienceTimer?.cancel();
    const session = this.#session;
    this.#session = undefined;
    this.#board.enter('lost', undefined, () => session?.end(new ZkError(code)));
    link?.failAll((path) => new ZkError(code, path));
    this.hooks.onSessionOver();
  }

  /** Asks the server to end the session; if the link breaks first, the next one tries again. */
  #endSessionOn(link: Link, code: ErrorName): void {
    void link
      .finish((path) => new ZkError(code, path))
      .then(() => {
        if (this.#link !== link) return;
        link.destroy();
        this.#drop(link);
        this.#afterSession(link.server);
      });
  }

  /** No session of ours is left at the server: ask for another, or stop. */
  #afterSession(server: ServerAddress): void {
    this.#identity = NOBODY;
    this.#isBurying = false;
    if (this.#onSessionEnded !== undefined) this.#onSessionEnded();
    else if (this.state !== 'closed') this.#connect(server);
  }

  /** The link is no longer ours, whatever becomes of its calls. */
  #drop(link: Link): void {
    if (link.lastZxid > this.#lastZxid) this.#lastZxid = link.lastZxid;
    this.#healthTimer?.cancel();
    this.#session?.linked(false);
    if (this.#link === link) this.#link = undefined;
  }

  async #close(): Promise<void> {
    const wasConnected = this.state === 'connected';
    const session = this.#session;
    const error = new ZkError('SESSION_CLOSED');
    this.#session = undefined;
    this.#cancelDial();
    this.#patienceTimer?.cancel();
    this.#healthTimer?.cancel();
    this.#board.enter('closed', undefined, () => session?.end(error));
    this.credentials.end(error);
    const ended = this.#identity === NOBODY ? undefined : this.#endSession(wasConnected);
    this.hooks.onSessionOver();
    await ended;
    this.#cancelDial();
    this.#link?.destroy();
    this.#link?.failAll((path) => new ZkError('SESSION_CLOSED', path));
  }

  #endSession(wasConnected: boolean): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = this.settings.link.clock.after(CLOSE_MS, () => this.#onSessionEnded?.());
      this.#onSessionEnded = () => {
        this.#onSessionEnded = undefined;
        timer.cancel();
        resolve();
      };
      this.#isBurying = true;
      if (wasConnected && this.#link !== undefined) this.#endSessionOn(this.#link, 'SESSION_CLOSED');
      else this.#dial();
    });
  }

  /**
   * Refusals wait for the next turn: a caller that tries again at once would otherwise never let the event loop come to
   * the socket it is waiting for.
   */
  #refuse(call: Call, error: Error): void {
    this.#refused.push(() => call.abandon(error));
    if (this.#refused.length > 1) return;
    nextTurn(() => {
      const due = this.#refused;
      this.#refused = [];
      for (const it of due) it();
    });
  }
}

function refusal(state: ConnectionState): ErrorName {
  if (state === 'closed') return 'SESSION_CLOSED';
  return state === 'lost' ? 'SESSION_EXPIRED' : 'CONNECTION_LOSS';
}

function name(link: Link): string {
  return `${link.server.host}:${link.server.port}`;
}

function hex(id: bigint): string {
  return `0x${id.toString(16)}`;
}
