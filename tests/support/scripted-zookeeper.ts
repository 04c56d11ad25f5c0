import { Duplex } from 'node:stream';
import type { Dial } from '../../src/zk/dial';
import { ERROR_CODES, type ErrorName } from '../../src/zk/errors';
import { FrameSplitter } from '../../src/zk/frame-splitter';
import type { ServerAddress } from '../../src/zk/host-string';
import { JuteReader, JuteWriter } from '../../src/zk/jute';
import { OPCODE, XID } from '../../src/zk/opcodes';

/** One end of a connection within the process. What is written arrives at the other end in a later turn, in order. */
class PipeEnd extends Duplex {
  other!: PipeEnd;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const copy = Buffer.from(chunk);
    setImmediate(() => {
      if (!this.other.destroyed) this.other.push(copy);
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    setImmediate(() => this.other.destroy());
    done(error);
  }
}

export interface PeerRequest {
  readonly xid: number;
  readonly opcode: number;
  readonly body: JuteReader;
}

export interface PeerHello {
  readonly lastZxid: bigint;
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
}

export interface PeerReply {
  readonly zxid?: bigint;
  readonly error?: ErrorName | number;
  readonly body?: (out: JuteWriter) => void;
}

/**
 * What a connection meets: service; an accepting kernel before a frozen process; a closed port; a server that closes
 * on the hello; or nothing at all, not even a TCP answer.
 */
export type Reception = 'serve' | 'freeze' | 'refuse' | 'reject-hello' | 'hang';

/** The server's side of one connection. */
export class PeerLink {
  readonly requests: PeerRequest[] = [];
  hello: PeerHello | undefined;
  /** Receives and answers nothing. */
  frozen = false;
  /** Received and answered, but the answers are lost on the way. */
  muted = false;
  /** Only so many more bytes get through to the client; then the connection is cut. */
  bytesLeft = Infinity;
  /** Pieces in which the client's bytes came. */
  chunks = 0;
  readonly #splitter = new FrameSplitter(2 ** 30);
  readonly #writer = new JuteWriter();

  constructor(
    readonly server: ServerAddress,
    private readonly end: PipeEnd,
    private readonly owner: ScriptedZooKeeper,
  ) {
    end.on('data', (chunk: Buffer) => {
      this.chunks += 1;
      if (this.frozen) return;
      this.#splitter.push(chunk, (buffer, start, stop) => {
        this.#take(new JuteReader(Buffer.from(buffer.subarray(start, stop))));
        return true;
      });
    });
    end.on('error', () => undefined);
  }

  get closed(): boolean {
    return this.end.destroyed;
  }

  /** Opcodes received, in order, pings left out. */
  get opcodes(): number[] {
    return this.requests.map((it) => it.opcode).filter((it) => it !== OPCODE.ping);
  }

  get pings(): number {
    return this.requests.filter((it) => it.opcode === OPCODE.ping).length;
  }

  reply(xid: number, { zxid = 0n, error = 0, body }: PeerReply = {}): void {
    this.send((out) => {
      out.int(xid);
      out.long(zxid);
      out.int(typeof error === 'number' ? error : ERROR_CODES[error]);
      body?.(out);
    });
  }

  event(type: number, path: string): void {
    this.send((out) => {
      out.int(XID.event);
      out.long(-1n);
      out.int(0);
      out.int(type);
      out.int(3);
      out.text(path);
    });
  }

  send(body: (out: JuteWriter) => void): void {
    const { buffer, start, end } = this.#writer.frame(body);
    this.sendRaw(buffer.subarray(start, end));
  }

  sendRaw(bytes: Buffer): void {
    if (this.muted || this.end.destroyed) return;
    const through = bytes.subarray(0, Math.min(bytes.length, this.bytesLeft));
    this.bytesLeft -= through.length;
    this.end.write(through);
    if (this.bytesLeft <= 0) this.cut();
  }

  cut(): void {
    setImmediate(() => this.end.destroy());
  }

  #take(reader: JuteReader): void {
    if (this.hello === undefined) {
      reader.int();
      this.hello = {
        lastZxid: reader.long(),
        timeoutMs: reader.int(),
        sessionId: reader.unsignedLong(),
        password: reader.bytes(),
      };
      this.owner.onHello(this, this.hello);
      return;
    }
    const request = { xid: reader.int(), opcode: reader.int(), body: reader };
    this.requests.push(request);
    this.owner.onRequest(this, request);
  }
}

/** A ZooKeeper that does as the test says. It keeps sessions, answers pings and bookkeeping, and leaves the rest to `answer`. */
export class ScriptedZooKeeper {
  /** Every attempt to connect, also those that came to nothing. */
  readonly dialled: ServerAddress[] = [];
  readonly links: PeerLink[] = [];
  readonly sessions = new Set<bigint>();
  timeoutMs = 6_000;
  reception: (server: ServerAddress) => Reception = () => 'serve';
  /** Applied to each connection that is served, before its hello is read. */
  onLink: (link: PeerLink) => void = () => undefined;
  /** Answer to a request; undefined = none yet. */
  answer: (request: PeerRequest, link: PeerLink) => PeerReply | undefined = () => ({ error: 'NO_NODE' });
  #lastSession = 0x100n;

  readonly dial: Dial = (server, onOpen) => {
    this.dialled.push(server);
    const [near, far] = [new PipeEnd(), new PipeEnd()];
    near.other = far;
    far.other = near;
    const how = this.reception(server);
    if (how === 'refuse') setImmediate(() => near.destroy(new Error('connect ECONNREFUSED')));
    if (how === 'refuse' || how === 'hang') return near;
    const link = new PeerLink(server, far, this);
    link.frozen = how === 'freeze';
    this.links.push(link);
    this.onLink(link);
    setImmediate(onOpen);
    return near;
  };

  get last(): PeerLink {
    return this.links.at(-1)!;
  }

  /** The connection that serves now. */
  get open(): PeerLink[] {
    return this.links.filter((it) => !it.closed);
  }

  /** All sessions are gone, as after a long time; open connections are not told. */
  expireAll(): void {
    this.sessions.clear();
  }

  onHello(link: PeerLink, hello: PeerHello): void {
    if (this.reception(link.server) === 'reject-hello') return link.cut();
    const isKnown = this.sessions.has(hello.sessionId);
    if (hello.sessionId !== 0n && !isKnown) return welcome(link, 0, 0n);
    const id = isKnown ? hello.sessionId : (this.#lastSession += 1n);
    this.sessions.add(id);
    welcome(link, this.timeoutMs, id);
  }

  onRequest(link: PeerLink, request: PeerRequest): void {
    if (request.opcode === OPCODE.closeSession) {
      this.sessions.delete(link.hello!.sessionId);
      link.reply(request.xid);
      link.cut();
    } else if (request.xid < 0) {
      link.reply(request.xid);
    } else {
      const reply = this.answer(request, link);
      if (reply !== undefined) link.reply(request.xid, reply);
    }
  }
}

function welcome(link: PeerLink, timeoutMs: number, id: bigint): void {
  link.send((out) => {
    out.int(0);
    out.int(timeoutMs);
    out.long(id);
    out.bytes(Buffer.alloc(16, 7));
    out.boolean(false);
  });
}

/** Turns the event loop until `isTrue`; fails when it takes more turns than anything here ever needs. */
export async function turnsUntil(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn += 1) {
    if (isTrue()) return;
    await new Promise((done) => setImmediate(done));
  }
  throw new Error('it did not happen');
}

/** Record of a Stat with the given version, zeros else. */
export function statBody(out: JuteWriter, version = 0): void {
  for (let index = 0; index < 4; index += 1) out.long(1n);
  for (const it of [version, 0, 0]) out.int(it);
  out.long(0n);
  out.int(0);
  out.int(0);
  out.long(1n);
}
