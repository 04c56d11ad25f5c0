import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../clock';
import type { Logger } from '../log';

export interface UdpTarget {
  readonly host: string;
  readonly port: number;
}

interface Address {
  readonly address: string;
  readonly family: number;
}

/** How long an address of the name is good for, and how soon a name without one is asked about again. */
const ADDRESS_AGE_MS = 60_000;
const RETRY_MS = 10_000;
/** Packets that wait for the first address. */
const WAITING_PACKETS = 200;

/**
 * Sends datagrams and forgets them. The name is looked up now and then, beside the sending; what cannot be sent is dropped,
 * and said once. Keeps no program alive.
 */
export class UdpSender {
  #socket: { readonly socket: Socket; readonly family: number } | undefined;
  #address: Address | undefined;
  #askAgainAtMs = -Infinity;
  #asking: Promise<void> | undefined;
  #waiting: Buffer[] = [];
  #sending = 0;
  #isFailing = false;
  #closed = false;
  #whenSent: (() => void) | undefined;

  constructor(
    private readonly target: UdpTarget,
    private readonly tools: { readonly clock: Clock; readonly log: Logger },
  ) {}

  send(packet: Buffer): void {
    if (this.#closed) return;
    this.#lookUp();
    if (this.#address === undefined) {
      if (this.#waiting.length < WAITING_PACKETS) this.#waiting.push(packet);
    } else this.#emit(packet, this.#address);
  }

  /** Waits for what is on its way to the system, not for names. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#address === undefined && this.#asking !== undefined) {
      const patience = new AbortController();
      await Promise.race([this.#asking, this.tools.clock.sleep(1_000, patience.signal)]).finally(() =>
        patience.abort(),
      );
    }
    this.#closed = true;
    if (this.#sending > 0) await new Promise<void>((resolve) => (this.#whenSent = resolve));
    const socket = this.#socket?.socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #emit(packet: Buffer, { address, family }: Address): void {
    const socket = this.#socketOf(family);
    this.#sending += 1;
    socket.send(packet, this.target.port, address, (error) => {
      this.#sending -= 1;
      if (error !== null) this.#failed(error);
      else this.#isFailing = false;
      if (this.#sending === 0) this.#whenSent?.();
    });
  }

  #socketOf(family: number): Socket {
    if (this.#socket?.family === family) return this.#socket.socket;
    this.#socket?.socket.close();
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.unref();
    socket.on('error', (error) => this.#failed(error));
    this.#socket = { socket, family };
    return socket;
  }

  #lookUp(): void {
    const now = this.tools.clock.monotonic();
    if (this.#asking !== undefined || now < this.#askAgainAtMs) return;
    this.#asking = lookup(this.target.host, { all: true })
      .then(
        (found) => {
          // Python's client speaks IPv4 only, so that is where a statsd on both is sure to listen.
          this.#address = found.find((it) => it.family === 4) ?? found[0];
          this.#askAgainAtMs = now + ADDRESS_AGE_MS;
          if (this.#address === undefined || this.#closed) return;
          for (const packet of this.#waiting.splice(0)) this.#emit(packet, this.#address);
        },
        (error: unknown) => {
          this.#askAgainAtMs = now + RETRY_MS;
          this.#failed(error);
        },
      )
      .finally(() => {
        this.#asking = undefined;
      });
  }

  #failed(error: unknown): void {
    if (!this.#isFailing) this.tools.log.warn('statsd cannot be reached', { ...this.target, err: error });
    this.#isFailing = true;
  }
}
