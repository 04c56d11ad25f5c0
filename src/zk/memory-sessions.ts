import type { Clock, Timer } from '../runtime/clock';

interface ServerSession {
  readonly timeoutMs: number;
  /** Runs while no link carries the session. */
  expiry?: Timer | undefined;
}

/** The sessions as the model's server knows them. A session without a working link ends when its
 * timeout, times `lifeFactor`, has passed. */
export class MemorySessions {
  readonly #sessions = new Map<bigint, ServerSession>();
  #last = 0x1000_0000_0000_0000n;

  constructor(
    private readonly clock: Clock,
    private readonly onEnd: (id: bigint) => void,
    private readonly lifeFactor: number,
  ) {}

  open(timeoutMs: number): bigint {
    this.#last += 1n;
    this.#sessions.set(this.#last, { timeoutMs });
    return this.#last;
  }

  lives(id: bigint): boolean {
    return this.#sessions.has(id);
  }

  ids(): bigint[] {
    return [...this.#sessions.keys()];
  }

  /** The link of this session carries nothing from now on. */
  unheard(id: bigint): void {
    const session = this.#sessions.get(id);
    if (session === undefined || session.expiry !== undefined) return;
    session.expiry = this.clock.after(session.timeoutMs * this.lifeFactor, () => this.expire(id));
  }

  /** The session is heard of again; false if it is gone. */
  heard(id: bigint): boolean {
    const session = this.#sessions.get(id);
    session?.expiry?.cancel();
    if (session !== undefined) session.expiry = undefined;
    return session !== undefined;
  }

  expire(id: bigint): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    session.expiry?.cancel();
    this.#sessions.delete(id);
    this.onEnd(id);
  }
}
