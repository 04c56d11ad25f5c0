import { compareRanks, type RequestRank } from './request-order';

/** A request that a pool has accepted and that waits for nodes. */
export interface WaitingRequest {
  readonly rank: RequestRank;
  /** How many of its nodes it has. */
  readonly held: number;
}

/**
 * The order in which the waiting requests of a pool get what they lack: those that have part of their set first, because
 * what they hold is of use to nobody before they have the rest, and may be the very thing that the others wait for.
 */
export function waitingOrder(a: WaitingRequest, b: WaitingRequest): number {
  return Number(b.held > 0) - Number(a.held > 0) || compareRanks(a.rank, b.rank);
}
