import { Backoff } from '../runtime/backoff';
import type { Random } from '../runtime/random';
import { sameServer, type ServerAddress } from './host-string';

/**
 * Whom to try next, and how long to wait before. Every server gets one attempt without delay; then each attempt waits
 * longer, 50 ms to 2 s, until `healthy` is called: a handshake alone is not health (zookeeper-client 7.1).
 */
export class ServerRota {
  readonly #backoff: Backoff;
  #servers: readonly ServerAddress[];
  #next = 0;
  #attempts = 0;

  constructor(
    servers: readonly ServerAddress[],
    private readonly random: Random,
  ) {
    this.#servers = shuffled(servers, random);
    this.#backoff = new Backoff({ firstMs: 50, maxMs: 2_000 }, random);
  }

  get size(): number {
    return this.#servers.length;
  }

  /** The server to try now and the delay before it, milliseconds. */
  next(): { readonly server: ServerAddress; readonly delayMs: number } {
    const server = this.#servers[this.#next]!;
    this.#next = (this.#next + 1) % this.#servers.length;
    const delayMs = this.#attempts < this.#servers.length ? 0 : this.#backoff.next();
    this.#attempts += 1;
    return { server, delayMs };
  }

  /** Service was good for long enough: the next loss starts the count anew. */
  healthy(): void {
    this.#attempts = 0;
    this.#backoff.reset();
  }

  /** Replaces the list; answers whether `present` is still in it. */
  replace(servers: readonly ServerAddress[], present: ServerAddress | undefined): boolean {
    this.#servers = shuffled(servers, this.random);
    const seat = present === undefined ? -1 : this.#servers.findIndex((it) => sameServer(it, present));
    this.#next = (seat + 1) % this.#servers.length;
    this.healthy();
    return seat !== -1;
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
