import type { NodeRequest } from '../model/records';
import { likeness } from './choose-requests';
import { type RequestRank, compareRanks, requestRank } from './request-order';

/** A request as a view shows it. */
export interface RequestFact {
  readonly id: string;
  readonly record: NodeRequest | undefined;
  readonly locked: boolean;
}

export interface RankedRequest extends RequestFact {
  readonly rank: RequestRank;
  /** The same for requests that a pool need not tell apart, see `likeness`. */
  readonly likeness: string;
}

/**
 * Requests by state, kept in step with events, so that an event costs what it touches. `requested` is always in the order
 * of service.
 */
export class RequestIndex {
  readonly #all = new Map<string, RankedRequest>();
  readonly #requested: RankedRequest[] = [];
  readonly #pendingUnlocked = new Map<string, RankedRequest>();

  /** Waiting ones, first to serve first. */
  get requested(): readonly RankedRequest[] {
    return this.#requested;
  }

  /** `pending` that nobody holds: their launcher is gone (launcher.md 18). */
  get lost(): ReadonlyMap<string, RankedRequest> {
    return this.#pendingUnlocked;
  }

  get size(): number {
    return this.#all.size;
  }

  get(id: string): RankedRequest | undefined {
    return this.#all.get(id);
  }

  has(id: string): boolean {
    return this.#all.has(id);
  }

  all(): IterableIterator<RankedRequest> {
    return this.#all.values();
  }

  /** What the view says of `id` now; undefined for gone. */
  put(id: string, fact: RequestFact | undefined): void {
    const before = this.#all.get(id);
    if (before !== undefined) this.#forget(before);
    if (fact === undefined) return;
    const { record, locked } = fact;
    const ranked = { id, record, locked, rank: requestRank(id, record), likeness: likeness(record) };
    this.#all.set(id, ranked);
    if (record?.state === 'requested') this.#requested.splice(this.#place(ranked), 0, ranked);
    if (record?.state === 'pending' && !locked) this.#pendingUnlocked.set(id, ranked);
  }

  #forget(request: RankedRequest): void {
    this.#all.delete(request.id);
    this.#pendingUnlocked.delete(request.id);
    if (request.record?.state !== 'requested') return;
    const place = this.#place(request);
    if (this.#requested[place] === request) this.#requested.splice(place, 1);
  }

  #place(request: RankedRequest): number {
    let low = 0;
    let high = this.#requested.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareRanks(this.#requested[middle]!.rank, request.rank) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
