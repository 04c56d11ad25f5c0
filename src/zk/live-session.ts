import { setMaxListeners } from 'node:events';
import type { Clock } from '../runtime/clock';
import type { Session } from './client';
import type { ZkError } from './errors';

/** Two thirds of the timeout: below every lifetime measured, with a sixth to spare at our ping rate (zookeeper-client 3.10, 7.2). */
export function leaseMs(timeoutMs: number): number {
  return (timeoutMs * 2) / 3;
}

export interface SessionIdentity {
  readonly id: bigint;
  readonly password: Buffer;
}

/** The session that users see. Its lease runs from the sending of the newest request that was answered. */
export class LiveSession implements Session {
  readonly #lost = new AbortController();
  #timeoutMs: number;
  #leaseFromMs: number;
  #isLinked = false;

  constructor(
    readonly identity: SessionIdentity,
    readonly epoch: number,
    timeoutMs: number,
    helloSentAtMs: number,
    private readonly clock: Clock,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#leaseFromMs = helloSentAtMs;
    setMaxListeners(0, this.#lost.signal); // each lock of the session listens
  }

  get id(): bigint {
    return this.identity.id;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  leaseEndMs(): number {
    return this.#leaseFromMs + leaseMs(this.#timeoutMs);
  }

  isLeased(): boolean {
    return this.#isLinked && !this.lost.aborted && this.clock.monotonic() < this.leaseEndMs();
  }

  /** A server has taken the session over, with the timeout it grants. */
  resume(timeoutMs: number, helloSentAtMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.answered(helloSentAtMs);
  }

  linked(isLinked: boolean): void {
    this.#isLinked = isLinked;
  }

  answered(sentAtMs: number): void {
    if (sentAtMs > this.#leaseFromMs) this.#leaseFromMs = sentAtMs;
  }

  /** Nothing may rest on this session any more. */
  end(reason: ZkError): void {
    this.#isLinked = false;
    this.#lost.abort(reason);
  }
}
