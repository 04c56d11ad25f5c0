import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';

/** A statsd that keeps what it is sent, on a free port of this machine. */
export class StatsdSocket {
  readonly events = new EventEmitter();
  readonly packets: string[] = [];
  readonly #seen = new Map<string, string[]>();
  #closed = false;

  private constructor(private readonly socket: Socket) {
    socket.on('message', (packet) => {
      this.packets.push(packet.toString());
      for (const line of packet.toString().split('\n')) {
        const colon = line.indexOf(':');
        const name = line.slice(0, colon);
        this.#seen.set(name, [...(this.#seen.get(name) ?? []), line.slice(colon + 1)]);
      }
      this.events.emit('packet');
    });
  }

  static async open(): Promise<StatsdSocket> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new StatsdSocket(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }

  get env(): Readonly<Record<string, string>> {
    return { STATSD_HOST: '127.0.0.1', STATSD_PORT: String(this.port) };
  }

  /** `value|type` of everything sent under the name, in order. */
  values(name: string): readonly string[] {
    return this.#seen.get(name) ?? [];
  }

  last(name: string): string | undefined {
    return this.values(name).at(-1);
  }

  names(): ReadonlySet<string> {
    return new Set(this.#seen.keys());
  }

  /** Forgets what came so far. */
  clear(): void {
    this.packets.length = 0;
    this.#seen.clear();
  }

  /** Resolves as soon as `look`, asked after every packet, likes the names seen. */
  async until(look: (names: ReadonlySet<string>) => boolean): Promise<void> {
    while (!look(this.names())) await once(this.events, 'packet');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }
}
