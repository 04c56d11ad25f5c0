import type { Node } from '../model/records';
import type { Logger } from '../runtime/log';
import { ClaimLostError, type NodeClaim, type NodeHandOver } from '../store/api';
import type { Op } from '../zk/client';

/**
 * A node whose lock is ours, with its writes one after the other: the launch and the request may both have something to
 * write, and each write is conditional on the one before.
 */
export class HeldNode {
  #last: Promise<unknown> = Promise.resolve();
  #released: Promise<void> | undefined;
  /** To be written with whatever comes next. */
  #later: Partial<Node> | undefined;

  constructor(
    private readonly claim: NodeClaim,
    private readonly log: Logger,
  ) {}

  get id(): string {
    return this.claim.id;
  }

  /** As last read or written by us, or to be written. */
  get record(): Node {
    return { ...this.claim.current.record, ...this.#later };
  }

  /** Aborts when the lock is gone. */
  get signal(): AbortSignal {
    return this.claim.signal;
  }

  isHeld(): boolean {
    return this.#released === undefined && this.claim.isHeld();
  }

  /** Lets an `init` node begin its launch, in one transaction with `guard`; throws the ZkError of a step that does not hold. */
  begin(guard: readonly Op[]): Promise<void> {
    return this.write({ state: 'building' }, guard);
  }

  /** Rejects with `ClaimLostError` when the node is not ours any more. */
  write(change: Partial<Node>, guard: readonly Op[] = []): Promise<void> {
    const turn = this.#last.then(async () => {
      const all = { ...this.#later, ...change };
      await this.claim.write(all, guard);
      this.#later = undefined;
    });
    this.#last = turn.catch(() => undefined); // told to whoever asked for the write
    return turn;
  }

  /** Leaves `change` to the next write, the hand-over or the release, whichever comes first. */
  writeLater(change: Partial<Node>): void {
    this.#later = { ...this.#later, ...change };
  }

  /** What a request that is done writes of the node while it unlocks it. */
  async handOver(): Promise<NodeHandOver> {
    await this.#last;
    return { claim: this.claim, change: this.#later ?? {} };
  }

  /** Removes the record. */
  remove(): Promise<void> {
    const turn = this.#last.then(() => this.claim.remove());
    this.#last = turn.catch(() => undefined); // told to whoever asked for it
    return turn;
  }

  /** Lets go after the writes that were asked for. Never throws, idempotent. */
  release(): Promise<void> {
    this.#released ??= this.#last.then(async () => {
      if (this.#later !== undefined && this.claim.isHeld()) await this.#writeLast(this.#later);
      await this.claim.release();
    });
    return this.#released;
  }

  /** What cannot be written any more is found out anew by whoever takes the node over. */
  async #writeLast(change: Partial<Node>): Promise<void> {
    try {
      await this.claim.writeAndRelease(change);
    } catch (error) {
      if (error instanceof ClaimLostError) return;
      this.log.warn('what became of a node could not be written', { node: this.id, state: change.state, err: error });
    }
  }
}
