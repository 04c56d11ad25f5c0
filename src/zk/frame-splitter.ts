/** Why a stream cannot be a ZooKeeper server's. The link must be dropped: what follows has no meaning. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/**
 * Cuts a stream into frames. Chunks are kept in a list and joined once, when the frame is complete; frames are handed
 * out in a loop, never recursively. It belongs to one connection: half a frame dies with it.
 */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #pending = 0;
  /** Whole size of the frame at the head, prefix included; 0 while the prefix is incomplete. */
  #wanted = 0;

  constructor(private readonly maxFrameBytes: number) {}

  /** Part of a frame has arrived, and more of it must come. */
  get isMidFrame(): boolean {
    return this.#pending > 0;
  }

  /**
   * Hands every complete frame to `take` as a range without its prefix, valid during the call. Stops early when `take`
   * answers false.
   */
  push(chunk: Buffer, take: (buffer: Buffer, start: number, end: number) => boolean): void {
    if (this.#pending === 0) {
      this.#cut(chunk, take);
      return;
    }
    this.#chunks.push(chunk);
    this.#pending += chunk.length;
    if (this.#wanted === 0 && this.#pending >= 4) this.#wanted = 4 + this.#length(this.#join(), 0);
    if (this.#wanted === 0 || this.#pending < this.#wanted) return;
    const joined = this.#join();
    this.#chunks = [];
    this.#pending = 0;
    this.#cut(joined, take);
  }

  #cut(buffer: Buffer, take: (buffer: Buffer, start: number, end: number) => boolean): void {
    let at = 0;
    this.#wanted = 0;
    while (buffer.length - at >= 4) {
      const size = 4 + this.#length(buffer, at);
      if (buffer.length - at < size) {
        this.#wanted = size;
        break;
      }
      if (!take(buffer, at + 4, at + size)) return;
      at += size;
    }
    if (at === buffer.length) return;
    this.#chunks.push(at === 0 ? buffer : buffer.subarray(at));
    this.#pending = buffer.length - at;
  }

  #length(buffer: Buffer, at: number): number {
    const length = buffer.readInt32BE(at);
    if (length < 0 || length > this.maxFrameBytes) throw new FrameError(`frame of ${length} bytes`);
    return length;
  }

  #join(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#pending)];
    return this.#chunks[0]!;
  }
}
