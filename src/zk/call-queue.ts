import type { Duplex } from 'node:stream';
import type { Clock } from '../runtime/clock';
import type { Call } from './call';
import { ZkError } from './errors';
import type { JuteWriter } from './jute';
import { LAST_XID } from './opcodes';
import { Ring } from './ring';

export interface CallQueueParts {
  readonly clock: Clock;
  readonly socket: Duplex;
  readonly writer: JuteWriter;
  readonly maxRequestBytes: number;
  /** The server's own default for all its clients is 1,000; beyond it it stops reading from us anyway. */
  readonly maxInFlight: number;
  readonly firstXid: number;
  onSent(nowMs: number): void;
}

/** Beyond this much unsent output nothing more is handed to the socket until it has drained. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Share of the limit still in flight when a full line is filled up again: enough to keep the server busy meanwhile. */
const REFILL = 0.75;

/**
 * The calls of one connection: those waiting and those in flight, both in the order of submission. Calls submitted in
 * one turn of the event loop leave in one write, except the first when nothing is in flight: a lone request must
 * not wait for company that does not come (zookeeper-client 4).
 */
export class CallQueue {
  readonly #waiting = new Ring<Call>();
  readonly #inFlight = new Ring<Call>();
  #nextXid: number;
  #isPumpDue = false;
  #isBlocked = false;
  /** The limit was reached: wait for room for many, else every few answers would cost a write of a few requests. */
  #isFull = false;
  #isEnded = false;

  constructor(private readonly parts: CallQueueParts) {
    this.#nextXid = parts.firstXid;
    parts.socket.on('drain', () => {
      this.#isBlocked = false;
      this.#pump();
    });
  }

  /** Sends the call as soon as there is room; throws TOO_LARGE or what its encoder throws, having sent nothing. */
  submit(call: Call): void {
    this.#encode(call);
    call.submittedAtMs = this.parts.clock.monotonic();
    this.#waiting.push(call);
    if (this.#inFlight.size === 0) this.#pump();
    else this.#pumpSoon();
  }

  /** Takes the call that `xid` answers; undefined means that the server and we are out of step. */
  answered(xid: number): Call | undefined {
    if (this.#inFlight.peek()?.xid !== xid) return undefined;
    const call = this.#inFlight.shift()!;
    if (this.#waiting.size > 0) this.#pumpSoon();
    return call;
  }

  /** Fails calls submitted at `limitMs` or before that have no deadline of their own; returns when the next is to be looked at. */
  expire(limitMs: number): number {
    for (const ring of [this.#inFlight, this.#waiting]) {
      for (let index = 0; index < ring.size; index += 1) {
        const call = ring.at(index)!;
        if (call.settled || call.hasOwnDeadline) continue;
        if (call.submittedAtMs > limitMs) return call.submittedAtMs;
        call.fail(new ZkError('DEADLINE', call.request.path));
      }
    }
    return Infinity;
  }

  /** Ends the queue: everything fails, nothing more is sent. */
  failAll(error: (path: string | undefined) => ZkError): void {
    this.#isEnded = true;
    for (const ring of [this.#inFlight, this.#waiting]) {
      for (const call of ring.drain()) {
        call.abandon(error(call.request.path));
      }
    }
  }

  /** Fails everything, then sends `last` regardless of the limit; the answers before its own are thrown away. */
  finish(last: Call, error: (path: string | undefined) => ZkError): void {
    for (const call of this.#waiting.drain()) call.abandon(error(call.request.path));
    for (let index = 0; index < this.#inFlight.size; index += 1) {
      const call = this.#inFlight.at(index)!;
      call.fail(error(call.request.path));
    }
    this.#encode(last);
    this.#send([last]);
    this.#isEnded = true;
  }

  #encode(call: Call): void {
    const { writer, maxRequestBytes } = this.parts;
    const { request } = call;
    call.xid = this.#nextXid;
    const frame = writer.frame((out) => {
      out.int(call.xid);
      out.int(request.opcode);
      request.write(out);
    });
    if (frame.end - frame.start - 4 > maxRequestBytes) {
      writer.undo();
      throw new ZkError('TOO_LARGE', request.path);
    }
    this.#nextXid = this.#nextXid >= LAST_XID ? 1 : this.#nextXid + 1;
    call.frame = frame;
  }

  /** At the end of this turn, after the promises that the present input settles have run. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    process.nextTick(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#isEnded || this.#isBlocked || this.#waiting.size === 0) return;
    const { maxInFlight, socket } = this.parts;
    if (this.#isFull && this.#inFlight.size > maxInFlight * REFILL) return;
    const batch: Call[] = [];
    while (this.#inFlight.size + batch.length < maxInFlight) {
      const call = this.#waiting.shift();
      if (call === undefined) break;
      if (call.settled) call.onAnswer?.('failed');
      else batch.push(call);
    }
    this.#isFull = this.#waiting.size > 0;
    this.#send(batch);
    this.#isBlocked = socket.writableLength > MAX_UNSENT_BYTES;
  }

  /** Frames that lie side by side in one slab go out as one piece. */
  #send(batch: readonly Call[]): void {
    if (batch.length === 0) return;
    const { socket, clock } = this.parts;
    const nowMs = clock.monotonic();
    let piece = batch[0]!.frame!;
    socket.cork();
    for (const call of batch) {
      const frame = call.frame!;
      if (frame.buffer !== piece.buffer || frame.start > piece.end) {
        socket.write(piece.buffer.subarray(piece.start, piece.end));
        piece = frame;
      } else {
        piece = { buffer: piece.buffer, start: piece.start, end: frame.end };
      }
      call.frame = undefined;
      call.sentAtMs = nowMs;
      this.#inFlight.push(call);
    }
    socket.write(piece.buffer.subarray(piece.start, piece.end));
    socket.uncork();
    this.parts.onSent(nowMs);
  }
}
