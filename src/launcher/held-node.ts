import type { Node } from '../model/records';
import type { NodeClaim } from '../store/api';

/**
 * A node whose lock is ours, with its writes one after the other: the launch and the request may both have something to
 * write, and each write is conditional on the one before.
 */
export class HeldNode {
  #last: Promise<unknown> = Promise.resolve();
  #released: Promise<void> | undefined;

  constructor(private readonly claim: NodeClaim) {}

  get id(): string {
    return this.claim.id;
  }

  /** As last read or written by us. */
  get record(): Node {
    return this.claim.current.record;
  }

  /** Aborts when the lock is gone. */
  get signal(): AbortSignal {
    return this.claim.signal;
  }

  isHeld(): boolean {
    return this.#released === undefined && this.claim.isHeld();
  }

  /** Rejects with `ClaimLostError` when the node is not ours any more. */
  write(change: Partial<Node>): Promise<void> {
    const turn = this.#last.then(() => this.claim.write(change).then(() => undefined));
    this.#last = turn.catch(() => undefined); // told to whoever asked for the write
    return turn;
  }

  /** Removes the record. */
  remove(): Promise<void> {
    const turn = this.#last.then(() => this.claim.remove());
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Lets go after the writes that were asked for. Never throws, idempotent. */
  release(): Promise<void> {
    this.#released ??= this.#last.then(() => this.claim.release());
    return this.#released;
  }
}
