import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FrameSplitter } from '../../src/zk/frame-splitter';

/**
 * When to strike: `before` the request reaches the server, or `after` the server has carried it out, its answer unheard. One
 * that the server refused does not count.
 */
export interface Strike {
  /** Looks at a request: op codes, paths and records are in it as they are. */
  readonly at: (request: string) => boolean;
  readonly when: 'before' | 'after';
}

const MAX_FRAME = 1 << 24;
const ERROR_AT = 12;

/**
 * Stands between one launcher and ZooKeeper and reads along, to end the launcher at exactly one write. From the strike on
 * nothing passes any more in either direction.
 */
export class LauncherTap {
  /** Resolves when the awaited request was there, and was answered if that is waited for. */
  readonly struck: Promise<void>;
  #strike: Strike | undefined;
  #resolve: () => void = () => undefined;
  #isOver = false;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    this.struck = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    server.on('connection', (near) => this.#join(near));
  }

  static async open(hosts: string): Promise<LauncherTap> {
    const [host, port] = hosts.split(':');
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LauncherTap(server, { host: host!, port: Number(port) });
  }

  get hosts(): string {
    return `127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  /** From now on; what passed before does not count. */
  arm(strike: Strike): void {
    this.#strike = strike;
  }

  /** After a strike: what hung is cut, and who comes again is let through. */
  mend(): void {
    this.#strike = undefined;
    this.#isOver = false;
    for (const it of this.#sockets) it.destroy();
  }

  async close(): Promise<void> {
    for (const it of this.#sockets) it.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #join(near: Socket): void {
    const far = connect(this.target);
    let awaited: number | undefined;
    this.#link(near, far);
    const requests = new FrameSplitter(MAX_FRAME);
    near.on('data', (chunk: Buffer) =>
      requests.push(chunk, (buffer, start, end) => {
        if (this.#isOver) return true;
        const isIt = awaited === undefined && this.#strike?.at(buffer.toString('latin1', start, end)) === true;
        if (isIt && this.#strike!.when === 'before') {
          this.#end();
          return true;
        }
        if (isIt) awaited = buffer.readInt32BE(start);
        far.write(Buffer.from(buffer.subarray(start - 4, end)));
        return true;
      }),
    );
    const answers = new FrameSplitter(MAX_FRAME);
    far.on('data', (chunk: Buffer) =>
      answers.push(chunk, (buffer, start, end) => {
        if (this.#isOver) return true;
        if (awaited !== undefined && end - start > ERROR_AT && buffer.readInt32BE(start) === awaited) {
          awaited = undefined;
          if (buffer.readInt32BE(start + ERROR_AT) === 0) {
            this.#end();
            return true;
          }
        }
        near.write(Buffer.from(buffer.subarray(start - 4, end)));
        return true;
      }),
    );
  }

  #end(): void {
    this.#isOver = true;
    this.#resolve();
  }

  #link(near: Socket, far: Socket): void {
    for (const [it, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(it);
      it.setNoDelay(true);
      it.on('error', () => undefined);
      it.on('close', () => {
        this.#sockets.delete(it);
        other.destroy();
      });
    }
  }
}
