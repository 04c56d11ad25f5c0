import { type PoolFact, equalRivals } from '../decide/choose-requests';
import type { RankedRequest } from '../decide/request-index';
import { type RequestRank, compareRanks, requestRank } from '../decide/request-order';
import { type LineProgress, type Turn, poolsBefore, turnOf } from '../decide/request-share';
import type { NodeRequest } from '../model/records';
import type { PoolContext } from './pool-context';

type Readable = RankedRequest & { readonly record: NodeRequest };

interface Line {
  readonly pools: readonly PoolFact[];
  readonly record: NodeRequest;
  readonly before: readonly string[];
  readonly seenMs: number;
}

const AT_ONCE: Turn = { waitMs: 0, isHelp: false };

/** Where several pools could serve a request one of them goes first; the others follow if it does not. */
export class RequestTurns {
  readonly #lines = new Map<string, Line>();

  constructor(private readonly context: () => PoolContext) {}

  /** `pools`: all that are registered, oneself included. */
  of(request: Readable, pools: readonly PoolFact[]): Turn {
    if (pools.length < 2) return AT_ONCE;
    const now = this.context().tools.clock.monotonic();
    const { before, seenMs } = this.#line(request, pools, now);
    if (before.length === 0) return AT_ONCE;
    return turnOf(
      before.map((it) => this.#progress(it, request.rank)),
      seenMs,
      now,
    );
  }

  /** Ids of the requests that are remembered. */
  keys(): IterableIterator<string> {
    return this.#lines.keys();
  }

  delete(request: string): void {
    this.#lines.delete(request);
  }

  /** Asked in every pass, and worked out only when something about it has changed. */
  #line({ id, record }: Readable, pools: readonly PoolFact[], now: number): Line {
    const known = this.#lines.get(id);
    if (known?.pools === pools && known.record === record) return known;
    const { id: me, config } = this.context();
    const ids = equalRivals(record, config.priority, pools).map((it) => it.id);
    const line = { pools, record, before: poolsBefore(id, me, ids), seenMs: known?.seenMs ?? now };
    this.#lines.set(id, line);
    return line;
  }

  #progress(pool: string, rank: RequestRank): LineProgress | undefined {
    const { world } = this.context();
    const newest = world.progress.of(pool);
    if (newest === undefined) return undefined;
    const { request, atMs } = newest;
    const other = request === null ? undefined : (world.requests.get(request)?.rank ?? requestRank(request, undefined));
    return { atMs, isPast: other === undefined || compareRanks(other, rank) > 0 };
  }
}
