import type { Clock, Timer } from '../clock';

/** What fits into one datagram on any network without being cut up (metrics.md 1). */
const PACKET_BYTES = 512;
/** How long a line may wait for company. */
const GATHER_MS = 50;

/** Gathers lines into packets, so that what is reported together travels together. */
export class Packets {
  #lines: string[] = [];
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(
    private readonly send: (packet: Buffer) => void,
    private readonly clock: Clock,
  ) {}

  add(lines: readonly string[]): void {
    for (const line of lines) {
      const bytes = Buffer.byteLength(line);
      if (this.#bytes > 0 && this.#bytes + 1 + bytes > PACKET_BYTES) this.flush();
      this.#bytes += bytes + (this.#bytes > 0 ? 1 : 0);
      this.#lines.push(line);
    }
    if (this.#lines.length > 0) this.#timer ??= this.clock.after(GATHER_MS, () => this.flush());
  }

  /** Sends what is there. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const packet = Buffer.from(this.#lines.join('\n'));
    this.#lines = [];
    this.#bytes = 0;
    this.send(packet);
  }
}
