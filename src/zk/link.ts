import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../runtime/clock';
import { Call } from './call';
import { CallQueue } from './call-queue';
import type { Dial } from './dial';
import { fromWire, ZkError } from './errors';
import { FrameSplitter } from './frame-splitter';
import type { ServerAddress } from './host-string';
import { JuteReader, JuteWriter } from './jute';
import { leaseMs, type LiveSession } from './live-session';
import { OPCODE, XID } from './opcodes';
import { type Hello, readWelcome, type Welcome, writeHello } from './records';
import { CLOSE_REQUEST } from './request';

export interface LinkSettings {
  readonly clock: Clock;
  readonly dial: Dial;
  readonly maxRequestBytes: number;
  readonly maxReplyBytes: number;
  readonly maxInFlight: number;
  readonly firstXid: number;
}

export interface WireEvent {
  readonly type: number;
  /** As the server names it, chroot included. */
  readonly path: string;
  readonly zxid: bigint;
}

/** What a link tells. After `onDown` it tells nothing more. */
export interface LinkListener {
  onWelcome(welcome: Welcome, helloSentAtMs: number): void;
  onEvent(event: WireEvent): void;
  /** Answers come in the order in which credentials were sent. */
  onAuth(error: ZkError | undefined): void;
  onDown(reason: string, cause?: Error): void;
}

/** What goes out on a fresh link before any request: credentials and watches. */
export interface ControlFrame {
  readonly xid: number;
  readonly opcode: number;
  write(out: JuteWriter): void;
}

type Phase = 'dialling' | 'greeting' | 'serving' | 'down';

/**
 * One connection to one server, from dialling to its end; never used twice, so nothing of it survives into the next.
 *
 * dialling -> greeting (our hello is out) -> serving (welcome came and the owner called `serve`) -> down. The way to the
 * welcome has one deadline. While serving: a ping when nothing was *sent* for a sixth of the session timeout,
 * incoming traffic notwithstanding; down when nothing was received for two thirds, or when nothing sent within
 * two thirds was answered.
 */
export class Link {
  readonly #socket: Duplex;
  readonly #splitter: FrameSplitter;
  readonly #writer = new JuteWriter();
  readonly #queue: CallQueue;
  readonly #deadline: Timer;
  readonly #pingsSentAtMs: number[] = [];
  #phase: Phase = 'dialling';
  #session: LiveSession | undefined;
  #timeoutMs = 0;
  #beatTimer: Timer | undefined;
  #lastSendMs = 0;
  #lastReceiveMs = 0;
  #lastZxid: bigint;

  constructor(
    readonly server: ServerAddress,
    private readonly hello: Hello,
    connectTimeoutMs: number,
    private readonly settings: LinkSettings,
    private readonly listener: LinkListener,
  ) {
    const { clock, dial } = settings;
    this.#lastZxid = hello.lastZxid;
    this.#splitter = new FrameSplitter(settings.maxReplyBytes);
    this.#socket = dial(server, () => this.#greet());
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('error', (error: Error) => this.#down('connection failed', error));
    this.#socket.on('close', () => this.#down('connection closed'));
    this.#deadline = clock.after(connectTimeoutMs, () => this.#down('no welcome in time'));
    this.#queue = new CallQueue({
      ...settings,
      socket: this.#socket,
      writer: this.#writer,
      onSent: (nowMs) => {
        this.#lastSendMs = nowMs;
      },
    });
  }

  /** The newest transaction seen; only answers that carry one count. */
  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  /** Begins service after the welcome: first `frames`, then whatever is submitted. */
  serve(session: LiveSession | undefined, timeoutMs: number, frames: Iterable<ControlFrame>): void {
    this.#phase = 'serving';
    this.#session = session;
    this.#timeoutMs = timeoutMs;
    this.#socket.cork();
    for (const it of frames) this.control(it);
    this.#socket.uncork();
    this.#beat();
  }

  /** Sends a frame that is no request of a caller, ahead of everything that waits. */
  control(frame: ControlFrame): void {
    const { buffer, start, end } = this.#writer.frame((out) => {
      out.int(frame.xid);
      out.int(frame.opcode);
      frame.write(out);
    });
    this.#socket.write(buffer.subarray(start, end));
    this.#lastSendMs = this.settings.clock.monotonic();
  }

  submit(call: Call): void {
    this.#queue.submit(call);
  }

  failAll(error: (path: string | undefined) => ZkError): void {
    this.#queue.failAll(error);
  }

  /** Fails everything pending and asks the server to end the session. Resolves when it has, or the link is down. */
  finish(error: (path: string | undefined) => ZkError): Promise<void> {
    const last = new Call(CLOSE_REQUEST);
    this.#queue.finish(last as Call, error);
    return last.promise.catch((reason: unknown) => {
      if (!(reason instanceof ZkError)) throw reason;
    });
  }

  /** Ends the connection without telling the listener. */
  destroy(): void {
    this.#phase = 'down';
    this.#deadline.cancel();
    this.#beatTimer?.cancel();
    this.#socket.destroy();
  }

  #down(reason: string, cause?: Error): void {
    if (this.#phase === 'down') return;
    this.destroy();
    this.listener.onDown(reason, cause);
  }

  #greet(): void {
    if (this.#phase !== 'dialling') return;
    this.#phase = 'greeting';
    const { buffer, start, end } = this.#writer.frame((out) => writeHello(out, this.hello));
    this.#lastSendMs = this.settings.clock.monotonic();
    this.#socket.write(buffer.subarray(start, end));
  }

  #onData(chunk: Buffer): void {
    if (this.#phase === 'down') return;
    this.#lastReceiveMs = this.settings.clock.monotonic();
    try {
      this.#splitter.push(chunk, (buffer, start, end) => {
        this.#onFrame(new JuteReader(buffer, start, end));
        return !this.#isDown();
      });
    } catch (error) {
      this.#down('not understood', error as Error);
    }
  }

  #isDown(): boolean {
    return this.#phase === 'down';
  }

  #onFrame(reader: JuteReader): void {
    if (this.#phase === 'serving') {
      this.#onReply(reader);
      return;
    }
    const welcome = readWelcome(reader);
    this.#deadline.cancel();
    this.listener.onWelcome(welcome, this.#lastSendMs);
  }

  #onReply(reader: JuteReader): void {
    const xid = reader.int();
    const zxid = reader.long();
    const code = reader.int();
    if (xid === XID.event) {
      const type = reader.int();
      reader.int();
      this.listener.onEvent({ type, path: reader.text(), zxid });
      return;
    }
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    if (xid > 0) this.#onAnswer(xid, code, reader);
    else if (xid === XID.ping) this.#session?.answered(this.#pingsSentAtMs.shift() ?? 0);
    else if (xid === XID.auth) this.listener.onAuth(code === 0 ? undefined : fromWire(code));
    else if (xid === XID.setWatches && code !== 0) this.#down('watches refused', fromWire(code));
  }

  #onAnswer(xid: number, code: number, reader: JuteReader): void {
    const call = this.#queue.answered(xid);
    if (call === undefined) {
      this.#down('answer out of order');
      return;
    }
    this.#session?.answered(call.sentAtMs);
    if (code === 0) this.#succeed(call, reader);
    else this.#fail(call, fromWire(code, call.request.path));
  }

  #succeed(call: Call, reader: JuteReader): void {
    call.onAnswer?.('ok');
    if (call.settled) return;
    try {
      call.succeed(call.request.read(reader));
    } catch (error) {
      call.fail(error as Error);
      if (!(error instanceof ZkError) || error.code === 'MARSHALLING_ERROR') throw error;
    }
  }

  #fail(call: Call, error: ZkError): void {
    call.onAnswer?.(error.code === 'NO_NODE' ? 'no-node' : 'failed');
    const { missing } = call.request;
    if (error.code === 'NO_NODE' && missing !== undefined) call.succeed(missing());
    else call.fail(error);
    // The session lives elsewhere or not at all: find out by connecting anew (zookeeper-client 7.4).
    if (error.code === 'SESSION_MOVED' || error.code === 'SESSION_EXPIRED') this.#down('session not here', error);
  }

  /** Pings, notices silence and passed deadlines, and sets its own next hour. */
  #beat(): void {
    if (this.#phase !== 'serving') return;
    const nowMs = this.settings.clock.monotonic();
    const silentAtMs = this.#lastReceiveMs + leaseMs(this.#timeoutMs);
    const leaseEndMs = this.#session?.leaseEndMs() ?? Infinity;
    if (nowMs >= silentAtMs) return this.#down('nothing received');
    // A long answer that is still coming in holds up all later ones: that is no reason to begin it again.
    if (nowMs >= leaseEndMs && !this.#splitter.isMidFrame) return this.#down('nothing answered');
    if (nowMs - this.#lastSendMs >= this.#timeoutMs / 6) this.#ping(nowMs);
    const deadlineMs = this.#queue.expire(nowMs - this.#timeoutMs) + this.#timeoutMs;
    const pingAtMs = this.#lastSendMs + this.#timeoutMs / 6;
    const nextMs = Math.min(silentAtMs, pingAtMs, deadlineMs, leaseEndMs > nowMs ? leaseEndMs : Infinity);
    this.#beatTimer = this.settings.clock.after(Math.max(1, Math.ceil(nextMs - nowMs)), () => this.#beat());
  }

  #ping(nowMs: number): void {
    this.#pingsSentAtMs.push(nowMs);
    this.control({ xid: XID.ping, opcode: OPCODE.ping, write: () => undefined });
  }
}
