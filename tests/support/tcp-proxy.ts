import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server, to break the link between them. */
export class TcpProxy {
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isCut = false;
  #isSilent = false;
  #chunksToCut: number | undefined;
  #isDeaf = false;

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (socket) => this.#join(socket));
  }

  static async open(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  get hosts(): string {
    return `127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  /** Ends all connections; new ones are accepted again at once unless `stay`. */
  cut(stay = false): void {
    this.#isCut = stay;
    for (const pair of this.#pairs) for (const it of pair) it.destroy();
    this.#pairs.clear();
  }

  /** Cuts as soon as that many more chunks came from clients; the last is delivered yet, its answer is not. */
  cutAfter(chunks: number): void {
    this.#chunksToCut = chunks === 0 ? undefined : chunks;
    if (chunks === 0) this.cut();
  }

  /** Accepts connections again after `cut(true)`. */
  mend(): void {
    this.#isCut = false;
  }

  /** Swallows everything in both directions while sockets stay open; ends them when it is over, as bytes are missing. */
  silence(isSilent: boolean): void {
    this.#isSilent = isSilent;
    if (!isSilent) this.cut();
  }

  /** Swallows only what comes from the server: requests are carried out, their answers get lost. */
  deaf(isDeaf: boolean): void {
    this.#isDeaf = isDeaf;
    if (!isDeaf) this.cut();
  }

  async close(): Promise<void> {
    this.cut(true);
    this.server.close();
    await once(this.server, 'close');
  }

  #count(near: Socket, far: Socket): void {
    if (this.#chunksToCut === undefined) return;
    this.#chunksToCut -= 1;
    if (this.#chunksToCut > 0) return;
    this.#chunksToCut = undefined;
    far.end(); // what was written is delivered first
    near.destroy();
  }

  #join(near: Socket): void {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect(this.target);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        if (!this.#isSilent && !(this.#isDeaf && from === far)) to.write(chunk);
        if (from === near) this.#count(near, far);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
