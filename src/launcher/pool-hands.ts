import { logTrouble } from '../drivers/log-trouble';
import { ClaimLostError } from '../store/api';
import type { HeldNode } from './held-node';
import type { LaunchOutcome } from './launch-node';
import { reportRequest } from './metrics-events';
import { declineRequest, purgeNode } from './pool-actions';
import type { PoolContext } from './pool-context';
import { nodeToPurge } from './pool-purge';
import type { HandlerEnd, RequestHandler } from './request-handler';

/** How many requests are being locked, or declined, at the same time. */
export const CLAIMS_AT_ONCE = 64;
const REST_MS = 250;

const NONE: ReadonlySet<string> = new Set();

/** What a pool is doing: the requests that it serves and declines, nodes that outlive theirs, room that it makes. */
export class PoolHands {
  readonly #handlers = new Map<string, RequestHandler>();
  readonly #declining = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #restUntilMs = new Map<string, number>();
  #purging = false;

  /** `onEnd` hears of each request that is not served any more. */
  constructor(
    private readonly name: string,
    private readonly context: () => PoolContext,
    private readonly onEnd: (request: string) => void,
  ) {}

  /** Requests that are being served. */
  get handlers(): ReadonlyMap<string, RequestHandler> {
    return this.#handlers;
  }

  /** Whether the request is being served or declined. */
  has(request: string): boolean {
    return this.#handlers.has(request) || this.#declining.has(request);
  }

  /** How many requests are being locked. */
  claiming(): number {
    let count = 0;
    for (const it of this.#handlers.values()) if (!it.isClaimed) count += 1;
    return count;
  }

  /** Resolves when nothing is in hand. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }

  keep(handler: RequestHandler, served: Promise<HandlerEnd>): void {
    const { tools } = this.context();
    this.#handlers.set(handler.id, handler);
    const log = tools.log.child({ logger: 'nodepool.PoolWorker', request: handler.id, pool: this.name });
    const filedAt = tools.store.requests.view().requests.get(handler.id)?.createdAt;
    this.#track(
      served
        .then(
          (end) => {
            log.info('request has ended', { end, event_id: handler.request.eventId });
            this.#report(handler, end, filedAt);
            if (end === 'lost' || end === 'not ours' || end === 'given back') this.#rest(handler.id);
          },
          (error: unknown) => {
            log.error('request failed', { err: error });
            this.#rest(handler.id);
          },
        )
        .finally(() => {
          handler.tenantPlace?.release();
          this.#handlers.delete(handler.id);
          this.onEnd(handler.id);
        }),
    );
  }

  /** A node that goes on without its request. */
  keepNode(node: HeldNode, done: Promise<LaunchOutcome>): void {
    this.#track(done.finally(() => node.release()));
  }

  /** False where too many are being declined already. */
  decline(id: string, reason: string): boolean {
    if (this.#declining.size >= CLAIMS_AT_ONCE) return false;
    this.#declining.add(id);
    this.#track(
      declineRequest(id, reason, this.context())
        .catch((error: unknown) => {
          if (error instanceof ClaimLostError || this.context().now.aborted) return;
          this.context().tools.log.error('request could not be declined', { request: id, err: error });
        })
        .finally(() => this.#declining.delete(id)),
    );
    return true;
  }

  /** Makes room; with a tenant: below that tenant's limits. One node at a time; none of `spared`. */
  purge(spared: ReadonlySet<string> = NONE, tenant: string | null = null): void {
    const pool = this.context();
    const node = this.#purging ? undefined : nodeToPurge(pool, spared, tenant);
    if (node === undefined) return;
    this.#purging = true;
    this.#track(
      purgeNode(node, pool)
        .catch((error: unknown) =>
          logTrouble(pool.tools.log, 'warn', 'unused node could not be purged', error, { node }),
        )
        .finally(() => {
          this.#purging = false;
        }),
    );
  }

  /** For how long a request is left alone. */
  restMs(request: string): number {
    const until = this.#restUntilMs.get(request);
    if (until === undefined) return 0;
    const left = until - this.context().tools.clock.monotonic();
    if (left <= 0) this.#restUntilMs.delete(request);
    return Math.max(0, left);
  }

  /** Of requests that are not there any more. */
  dropGone(exists: (request: string) => boolean): void {
    for (const [id, handler] of this.#handlers) if (!exists(id)) handler.cancel();
    for (const id of this.#restUntilMs.keys()) if (!exists(id)) this.#restUntilMs.delete(id);
  }

  /** What has just failed for reasons that do not show in the tree is not tried again at once. */
  #rest(request: string): void {
    this.#restUntilMs.set(request, this.context().tools.clock.monotonic() + REST_MS);
  }

  #report({ isMinReady }: RequestHandler, end: HandlerEnd, filedAt: number | undefined): void {
    const { runtime, config, tools } = this.context();
    if (tools.metrics === undefined) return;
    const waitedMs = filedAt === undefined ? undefined : tools.clock.wall() - filedAt * 1000;
    const about = { provider: runtime.config.name, pool: config.name };
    reportRequest(tools.metrics.all, { ...about, end, isMinReady, waitedMs });
  }

  #track(work: Promise<unknown>): void {
    const tracked = work
      .catch((error: unknown) => {
        this.context().tools.log.error('work of a pool failed unexpectedly', { pool: this.name, err: error });
      })
      .finally(() => {
        this.#running.delete(tracked);
        this.context().nudge();
      });
    this.#running.add(tracked);
  }
}
