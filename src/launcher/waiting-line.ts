import { reasonToDecline } from '../decide/request-decline';
import type { WaitReason } from '../decide/wait-notes';
import { waitingOrder } from '../decide/waiting-order';
import { Backoff } from '../runtime/backoff';
import { lackingForTenant, planFor, promise, tenantPlace } from './assign-nodes';
import { PartHolding } from './part-holding';
import type { PoolContext } from './pool-context';
import type { PoolHands } from './pool-hands';
import { canPromise, poolOffer } from './pool-offer';
import type { RequestHandler } from './request-handler';

/** What is told of requests that wait. */
export interface LineNotes {
  note(request: string, reason: WaitReason, detail?: string): void;
  delete(request: string): void;
}

/** The requests of a pool that hold their lock and wait for room: the first in line gets it first (launcher.md 8). */
export class WaitingLine {
  readonly #parts = new PartHolding();
  readonly #capacity: Backoff;
  #capacityAtMs = -Infinity;

  constructor(
    private readonly context: () => PoolContext,
    private readonly hands: PoolHands,
    private readonly notes: LineNotes,
  ) {
    this.#capacity = new Backoff({ firstMs: 1000, maxMs: 60_000 }, context().tools.random);
  }

  /** The cloud is full: it is left alone for a while, longer each time. */
  noCapacity(): void {
    this.#capacityAtMs = this.context().tools.clock.monotonic() + this.#capacity.next();
  }

  /** Gives waiting requests their nodes, in order. Returns how long to leave the rest alone; Infinity for no limit. */
  serve(isDraining: boolean): number {
    const now = this.context().tools.clock.monotonic();
    const waiting = [...this.hands.handlers.values()].filter((it) => it.isWaiting).sort(waitingOrder);
    return Math.min(this.#serveAll(waiting, isDraining, now), this.#parts.limit(waiting, this.context()));
  }

  #serveAll(waiting: readonly RequestHandler[], isDraining: boolean, now: number): number {
    for (const it of waiting) it.tenantPlace?.release(); // the first in line may have it: places of several keep one another out
    let first: RequestHandler | undefined;
    for (const handler of waiting) {
      if (first !== undefined) this.notes.note(handler.id, 'pool-is-paused', first.id);
      else if (isDraining || this.context().runtime.isStanding)
        handler.giveBack(); // machines never pause a pool
      else if (reasonToDecline(handler.request.nodeTypes, poolOffer(this.context())) !== undefined) handler.decline();
      else if (now < this.#capacityAtMs) {
        this.notes.note(handler.id, 'cloud-is-full');
        first = handler;
      } else if (!this.#tryAssign(handler)) first = handler;
    }
    return now < this.#capacityAtMs && first !== undefined ? this.#capacityAtMs - now : Infinity;
  }

  /** False if it has to wait: those behind it wait for it. */
  #tryAssign(handler: RequestHandler): boolean {
    const pool = this.context();
    if (!canPromise(pool, handler.request.nodeTypes)) {
      this.notes.note(handler.id, 'limits-not-known-yet');
      return false;
    }
    handler.pausesPool = true;
    const lacking = lackingForTenant(handler, pool);
    if (lacking !== undefined) return this.#waitForTenant(handler, lacking);
    const plan = planFor(handler, pool);
    if (plan.kind === 'complete') {
      this.#capacity.reset();
      this.notes.delete(handler.id);
      handler.assign(promise(plan, handler, pool));
      return true;
    }
    this.notes.note(handler.id, 'no-room', plan.resource);
    handler.tenantPlace = tenantPlace(handler, pool);
    if (handler.isMinReady) handler.decline();
    else this.hands.purge(plan.spared);
    return handler.isMinReady;
  }

  /** Others of the tenant were faster. Without any node it is as if it had not been accepted: nobody has to wait for it. */
  #waitForTenant(handler: RequestHandler, lacking: string): boolean {
    this.notes.note(handler.id, 'tenant-limit', lacking);
    handler.pausesPool = handler.held > 0;
    if (handler.held > 0) this.hands.purge(undefined, handler.request.tenantName);
    return handler.held === 0;
  }
}
