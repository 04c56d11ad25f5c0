import type { Clock } from '../runtime/clock';
import type { Session } from './client';

/** The client's side of a session of the model. While its link works the lease is renewed all the time. */
export class MemorySession implements Session {
  readonly #lost = new AbortController();
  /** When the link was last known to work; undefined while it works. */
  #silentSinceMs: number | undefined;

  constructor(
    readonly id: bigint,
    readonly epoch: number,
    readonly timeoutMs: number,
    private readonly clock: Clock,
  ) {}

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  leaseEndMs(): number {
    return (this.#silentSinceMs ?? this.clock.monotonic()) + (2 * this.timeoutMs) / 3;
  }

  isLeased(): boolean {
    return !this.lost.aborted && !this.#unlinked && this.clock.monotonic() < this.leaseEndMs();
  }

  #unlinked = false;

  /** The link carries nothing any more; whether we know it (`unlinked`) or not. */
  silence(unlinked: boolean): void {
    this.#silentSinceMs ??= this.clock.monotonic();
    this.#unlinked = unlinked;
  }

  renew(): void {
    this.#silentSinceMs = undefined;
    this.#unlinked = false;
  }

  lose(reason: Error): void {
    this.#lost.abort(reason);
  }
}
