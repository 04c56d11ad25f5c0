import { isWorthKeeping } from './lost-requests';
import type { KnownNode } from './node-index';
import type { RankedRequest } from './request-index';
import { compareRanks, type RequestRank } from './request-order';

export interface PartialSetQuestion {
  readonly rank: RequestRank;
  readonly provider: string;
  /** Nodes of the whole tree by the request that they are allocated to. */
  readonly allocated: ReadonlyMap<string, ReadonlyMap<string, KnownNode>>;
  requestOf(id: string): RankedRequest | undefined;
}

/**
 * Whether a request that has some of its nodes and waits for the rest may keep them: only the first in line of all such
 * requests in a provider may, whichever launchers serve them, else several could each hold what the others need and wait for
 * ever (launcher.md 8).
 */
export function mayKeepPartialSet({ rank, provider, allocated, requestOf }: PartialSetQuestion): boolean {
  for (const [id, nodes] of allocated) {
    const request = requestOf(id);
    if (request?.record?.state !== 'pending' || compareRanks(request.rank, rank) >= 0) continue;
    const own = [...nodes.values()].filter((it) => isWorthKeeping(it));
    const isPartial = own.length < request.record.nodeTypes.length;
    if (isPartial && own.some((it) => it.record.provider === provider)) return false;
  }
  return true;
}
