import { ZkError } from './errors';

const SLAB_BYTES = 64 * 1024;

/** Bytes of one frame, length prefix included, inside a larger buffer. */
export interface Frame {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Writes frames one behind the other into slabs, so that neighbours can go out in one write without being copied. A
 * slab is never written twice: what was handed out stays valid.
 */
export class JuteWriter {
  #buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #frameStart = 0;
  #position = 0;

  /** Writes a frame: room for the length, then whatever `body` writes. */
  frame(body: (out: JuteWriter) => void): Frame {
    this.#frameStart = this.#position;
    this.#room(4);
    this.#position += 4;
    body(this);
    this.#buffer.writeInt32BE(this.#position - this.#frameStart - 4, this.#frameStart);
    return { buffer: this.#buffer, start: this.#frameStart, end: this.#position };
  }

  /** Takes back the frame written last, which must not have been sent. */
  undo(): void {
    this.#position = this.#frameStart;
  }

  int(value: number): void {
    this.#room(4);
    this.#position = this.#buffer.writeInt32BE(value, this.#position);
  }

  /** Signed or unsigned, by its 64 bits. */
  long(value: bigint): void {
    this.#room(8);
    this.#position = this.#buffer.writeBigInt64BE(BigInt.asIntN(64, value), this.#position);
  }

  boolean(value: boolean): void {
    this.#room(1);
    this.#position = this.#buffer.writeUInt8(value ? 1 : 0, this.#position);
  }

  bytes(value: Buffer): void {
    this.#room(4 + value.length);
    this.#position = this.#buffer.writeInt32BE(value.length, this.#position);
    this.#position += value.copy(this.#buffer, this.#position);
  }

  text(value: string): void {
    this.#room(4 + value.length * 3);
    const length = this.#buffer.write(value, this.#position + 4);
    this.#buffer.writeInt32BE(length, this.#position);
    this.#position += 4 + length;
  }

  /** Bytes that are a record already. */
  raw(value: Buffer): void {
    this.#room(value.length);
    this.#position += value.copy(this.#buffer, this.#position);
  }

  texts(values: readonly string[]): void {
    this.int(values.length);
    for (const it of values) this.text(it);
  }

  /** A new slab when this one is full; the frame begun moves there. */
  #room(bytes: number): void {
    if (this.#position + bytes <= this.#buffer.length) return;
    const begun = this.#buffer.subarray(this.#frameStart, this.#position);
    const next = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (begun.length + bytes)));
    begun.copy(next);
    this.#buffer = next;
    this.#frameStart = 0;
    this.#position = begun.length;
  }
}

/** Reads the records of one frame. Reading past its end fails with MARSHALLING_ERROR. */
export class JuteReader {
  #buffer: Buffer;
  #position: number;
  #end: number;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#position = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  int(): number {
    return this.#buffer.readInt32BE(this.#skip(4));
  }

  long(): bigint {
    return this.#buffer.readBigInt64BE(this.#skip(8));
  }

  unsignedLong(): bigint {
    return this.#buffer.readBigUInt64BE(this.#skip(8));
  }

  /** A 64-bit number known to be small enough, such as a time. */
  longNumber(): number {
    const at = this.#skip(8);
    return this.#buffer.readInt32BE(at) * 2 ** 32 + this.#buffer.readUInt32BE(at + 4);
  }

  boolean(): boolean {
    return this.#buffer[this.#skip(1)] !== 0;
  }

  /** A copy: a record kept for long must not keep the whole input alive. Null reads as empty. */
  bytes(): Buffer {
    const length = this.int();
    if (length <= 0) return Buffer.alloc(0);
    const at = this.#skip(length);
    return Buffer.from(this.#buffer.subarray(at, at + length));
  }

  /** Null reads as empty. */
  text(): string {
    const length = this.int();
    if (length <= 0) return '';
    const at = this.#skip(length);
    return this.#buffer.toString('utf8', at, at + length);
  }

  /** Null reads as empty. */
  list<T>(item: (reader: JuteReader) => T): T[] {
    const count = this.int();
    if (count > this.remaining) throw new ZkError('MARSHALLING_ERROR');
    const items: T[] = [];
    for (let index = 0; index < count; index += 1) items.push(item(this));
    return items;
  }

  texts(): string[] {
    return this.list((it) => it.text());
  }

  #skip(bytes: number): number {
    const at = this.#position;
    if (at + bytes > this.#end) throw new ZkError('MARSHALLING_ERROR');
    this.#position = at + bytes;
    return at;
  }
}
