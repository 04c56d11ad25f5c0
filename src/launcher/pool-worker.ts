import { isWantedByWorse, type PoolFact, RequestJudge } from '../decide/choose-requests';
import { EXCEEDS_QUOTA, exceeded, reasonToDecline } from '../decide/request-decline';
import type { RankedRequest } from '../decide/request-index';
import { orderForPool } from '../decide/request-order';
import { waitingOrder } from '../decide/waiting-order';
import { WaitNotes, type WaitReason, reasonOfSkip } from '../decide/wait-notes';
import type { NodeRequest, PoolComponent, Resources } from '../model/records';
import { Backoff } from '../runtime/backoff';
import { wallSeconds } from '../runtime/clock';
import type { Reconciler } from '../runtime/reconcile';
import { ClaimLostError, type Registration } from '../store/api';
import { lackingForTenant, planFor, promise, tenantPlace } from './assign-nodes';
import type { HeldNode } from './held-node';
import type { LaunchOutcome } from './launch-node';
import { reportRequest } from './metrics-events';
import { declineRequest, purgeNode } from './pool-actions';
import type { PoolContext } from './pool-context';
import { PartHolding } from './part-holding';
import { canPromise, poolOffer } from './pool-offer';
import { nodeToPurge } from './pool-purge';
import { poolSituation } from './pool-situation';
import { type HandlerEnd, RequestHandler } from './request-handler';
import { RequestTurns } from './request-turns';
import { serveFromMachines } from './serve-from-machines';

/** A full pass even if nothing happened: it alone must do. */
const FULL_PASS_MS = 60_000;
const REST_MS = 250;
/** How many requests are being locked, or declined, at the same time. */
const CLAIMS_AT_ONCE = 64;
/** How many are being locked at the same time, to be called idle enough for requests that others are about to come to. */
const CLAIMS_OF_A_HELPER = 4;

const NONE: ReadonlySet<string> = new Set();

type Readable = RankedRequest & { readonly record: NodeRequest };

/** What the pool takes from the file besides its own section. */
export interface PoolPolicy {
  readonly tenantLimits: ReadonlyMap<string, Resources>;
}

/**
 * One pool of one provider: judges the waiting requests in order, keeps nodes and places for those it can serve, declines
 * those it never can, and pauses when the next in line has to wait for room (launcher.md 3 to 10). Decisions are made
 * in one go over one state; only their execution waits for ZooKeeper and clouds.
 */
export class PoolWorker implements Reconciler {
  readonly name: string;
  /** What was decided of each request that waits, for whoever asks. */
  readonly notes = new WaitNotes();
  readonly #inHand = new Map<string, RequestHandler>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #declining = new Set<string>();
  readonly #turns: RequestTurns;
  readonly #restUntilMs = new Map<string, number>();
  readonly #capacity: Backoff;
  #capacityAtMs = -Infinity;
  readonly #parts = new PartHolding();
  #purging = false;
  /** Leaves requests alone that it could serve at another time. Pools of worse priority need not wait for that. */
  #isBusy = false;
  #draining = false;

  constructor(
    private readonly context: () => PoolContext,
    private readonly policy: () => PoolPolicy,
    private readonly registration: Registration<PoolComponent>,
  ) {
    const { runtime, config, tools } = context();
    this.#turns = new RequestTurns(context);
    this.name = `pool ${runtime.config.name}-${config.name}`;
    this.#capacity = new Backoff({ firstMs: 1000, maxMs: 60_000 }, tools.random);
  }

  /** Whether this request is being served here. */
  serves(request: string): boolean {
    return this.#inHand.has(request);
  }

  /** Requests whose deletion must not wait for the next pass. */
  noticeGone(request: string): void {
    this.#turns.delete(request);
    this.#inHand.get(request)?.cancel();
  }

  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    const { world, id, now } = this.context();
    if (!world.fresh || now.aborted) return { againInMs: FULL_PASS_MS };
    this.#dropGone();
    const retryInMs = this.#retryWaiting();
    // Seeing oneself means that one's view of the other pools is usable (launcher.md 3 step 2).
    if (this.#draining || !world.pools().some((it) => it.id === id)) return { againInMs: retryInMs };
    this.#isBusy = false;
    const judgeInMs = this.#judgeAll(signal);
    await this.#publish();
    return { againInMs: Math.min(retryInMs, judgeInMs) };
  }

  /** Continues a request that its launcher has left (launcher.md 24). */
  adopt(request: Readable, slots: ReadonlyMap<number, string>): void {
    if (this.#isInHand(request.id) || this.#draining || this.#restMs(request.id) > 0) return;
    const handler = new RequestHandler(request, this.context);
    this.#keep(handler, handler.adopt(slots));
  }

  /** Takes nothing new, gives back what has no nodes yet, and resolves when everything in hand is done. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const handler of this.#inHand.values()) if (handler.isWaiting) handler.giveBack();
    this.context().nudge();
    await this.idle();
  }

  /** Resolves when nothing is in hand. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }

  /** A node that goes on without its request. */
  adoptNode(node: HeldNode, done: Promise<LaunchOutcome>): void {
    this.#track(done.then(() => node.release()));
  }

  noCapacity(): void {
    this.#capacityAtMs = this.context().tools.clock.monotonic() + this.#capacity.next();
  }

  // ------------------------------------------------------------------------------------------------ deciding

  /** Gives waiting requests their nodes, in order. Returns how long to leave the rest alone. */
  #retryWaiting(): number {
    const now = this.context().tools.clock.monotonic();
    const waiting = [...this.#inHand.values()].filter((it) => it.isWaiting).sort(waitingOrder);
    return Math.min(this.#serveWaiting(waiting, now), this.#parts.limit(waiting, this.context()));
  }

  #serveWaiting(waiting: readonly RequestHandler[], now: number): number {
    for (const it of waiting) it.tenantPlace?.release(); // the first in line may have it: places of several keep one another out
    let first: RequestHandler | undefined;
    for (const handler of waiting) {
      if (first !== undefined) this.#note(handler.id, 'pool-is-paused', first.id);
      else if (this.#draining || this.context().runtime.isStanding)
        handler.giveBack(); // machines never pause a pool
      else if (this.#reasonToDecline(handler.request.nodeTypes) !== undefined) handler.decline();
      else if (now < this.#capacityAtMs) {
        this.#note(handler.id, 'cloud-is-full');
        first = handler;
      } else if (!this.#tryAssign(handler)) first = handler;
    }
    return now < this.#capacityAtMs && first !== undefined ? this.#capacityAtMs - now : FULL_PASS_MS;
  }

  /** False if it has to wait: those behind it wait for it. */
  #tryAssign(handler: RequestHandler): boolean {
    const pool = this.context();
    if (!canPromise(pool, handler.request.nodeTypes)) {
      this.#note(handler.id, 'limits-not-known-yet');
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
    this.#note(handler.id, 'no-room', plan.resource);
    handler.tenantPlace = tenantPlace(handler, pool);
    if (handler.isMinReady) handler.decline();
    else this.#purge(plan.spared);
    return handler.isMinReady;
  }

  /** Others of the tenant were faster. Without any node it is as if it had not been accepted: nobody has to wait for it. */
  #waitForTenant(handler: RequestHandler, lacking: string): boolean {
    this.#note(handler.id, 'tenant-limit', lacking);
    handler.pausesPool = handler.held > 0;
    if (handler.held > 0) this.#purge(NONE, handler.request.tenantName);
    return handler.held === 0;
  }

  #judgeAll(signal: AbortSignal): number {
    const pool = this.context();
    const { world } = pool;
    const pools = world.pools();
    const reasonToDecline = (nodeTypes: readonly string[]) => this.#reasonToDecline(nodeTypes);
    const judge = new RequestJudge(poolSituation(pool, pools, this.policy().tenantLimits, reasonToDecline));
    let againInMs = FULL_PASS_MS;
    const atLimit = new Set<string | null>();
    for (const request of orderForPool(world.requests.requested, new Set(pool.config.labels.keys()))) {
      if (signal.aborted) break;
      if (request.locked || request.record === undefined || this.#isInHand(request.id)) continue;
      const verdict = judge.judge(request.record, request.likeness);
      if (verdict.kind === 'skip') {
        this.#note(request.id, reasonOfSkip(verdict.why), verdict.resource);
        if (verdict.why === 'tenant limit') atLimit.add(request.record.tenantName);
        continue;
      }
      const readable = request as Readable;
      if (verdict.kind === 'decline') this.#decline(readable, verdict.reason, this.#exceeded(readable, verdict.reason));
      else againInMs = Math.min(againInMs, this.#serve(readable, pools));
    }
    for (const tenant of atLimit) this.#purge(NONE, tenant);
    return againInMs;
  }

  /** Returns after how many milliseconds to look at the request again. */
  #serve(request: Readable, pools: readonly PoolFact[]): number {
    const pool = this.context();
    if (this.#isHindered(request, pools)) return FULL_PASS_MS;
    if (this.#claiming() >= CLAIMS_AT_ONCE) return FULL_PASS_MS; // each claim that ends nudges
    const turn = this.#turns.of(request, pools);
    const wait = Math.max(this.#restMs(request.id), turn.waitMs);
    if (wait > 0 || (turn.isHelp && this.#claiming() >= CLAIMS_OF_A_HELPER)) {
      this.#note(request.id, 'others-go-first');
      return wait > 0 ? wait : FULL_PASS_MS; // each claim that ends nudges
    }
    const handler = new RequestHandler(request, this.context);
    const plan = planFor(handler, pool);
    if (pool.runtime.isStanding) {
      if (!request.record.reuse) this.#decline(request, 'machines are never new');
      else if (plan.kind === 'complete')
        this.#keep(handler, serveFromMachines(handler, promise(plan, handler, pool), pool));
      else this.#leave(request, 'machines-are-busy', pools);
    } else if (plan.kind === 'complete') this.#keep(handler, handler.serve(promise(plan, handler, pool)));
    else if (handler.isMinReady) this.#decline(request, 'at capacity', plan.resource);
    else {
      this.#note(request.id, 'no-room', plan.resource);
      this.#purge(plan.spared);
      handler.tenantPlace = tenantPlace(handler, pool);
      this.#keep(handler, handler.serve(undefined));
    }
    return FULL_PASS_MS;
  }

  #reasonToDecline(nodeTypes: readonly string[]): string | undefined {
    return reasonToDecline(nodeTypes, poolOffer(this.context()));
  }

  #exceeded({ record }: Readable, reason: string): string | undefined {
    return reason === EXCEEDS_QUOTA ? exceeded(record.nodeTypes, poolOffer(this.context())) : undefined;
  }

  /** Whether something in the pool itself keeps the request waiting. */
  #isHindered(request: Readable, pools: readonly PoolFact[]): boolean {
    const { id, record } = request;
    const pool = this.context();
    const first = this.#pausedFor();
    if (first !== undefined) this.#note(id, 'pool-is-paused', first);
    else if (!hasLaunchSlot(pool)) this.#leave(request, 'max-concurrency', pools);
    else if (canPromise(pool, record.nodeTypes)) return false;
    else if (pool.runtime.isUnanswered) this.#leave(request, 'limits-not-known-yet', pools);
    else this.#note(id, 'limits-not-known-yet'); // in a moment they will be
    return true;
  }

  /** To whoever can serve it sooner, if there is such a pool. */
  #leave({ id, record }: Readable, reason: WaitReason, pools: readonly PoolFact[]): void {
    this.#note(id, reason);
    this.#isBusy ||= isWantedByWorse(record, this.context().config.priority, pools);
  }

  #pausedFor(): string | undefined {
    for (const it of this.#inHand.values()) if (it.pausesPool && (it.isWaiting || it.startsWaiting)) return it.id;
    return undefined;
  }

  #note(request: string, reason: WaitReason | undefined, detail?: string): void {
    if (reason !== undefined) this.notes.note(request, reason, detail, wallSeconds(this.context().tools.clock));
  }

  #claiming(): number {
    let count = 0;
    for (const it of this.#inHand.values()) if (!it.isClaimed) count += 1;
    return count;
  }

  #isInHand(request: string): boolean {
    return this.#inHand.has(request) || this.#declining.has(request);
  }

  #dropGone(): void {
    const { requests } = this.context().world;
    for (const [id, handler] of this.#inHand) if (!requests.has(id)) handler.cancel();
    for (const memory of [this.#turns, this.#restUntilMs, this.notes]) {
      for (const id of memory.keys()) if (!requests.has(id)) memory.delete(id);
    }
  }

  // ------------------------------------------------------------------------------------------------- acting

  #keep(handler: RequestHandler, served: Promise<HandlerEnd>): void {
    if (!handler.startsWaiting) this.notes.delete(handler.id);
    const { tools } = this.context();
    this.#inHand.set(handler.id, handler);
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
          this.#inHand.delete(handler.id);
          this.#turns.delete(handler.id);
        }),
    );
  }

  #report({ isMinReady }: RequestHandler, end: HandlerEnd, filedAt: number | undefined): void {
    const { runtime, config, tools } = this.context();
    if (tools.metrics === undefined) return;
    const waitedMs = filedAt === undefined ? undefined : tools.clock.wall() - filedAt * 1000;
    const about = { provider: runtime.config.name, pool: config.name };
    reportRequest(tools.metrics.all, { ...about, end, isMinReady, waitedMs });
  }

  /** What has just failed for reasons that do not show in the tree is not tried again at once. */
  #rest(request: string): void {
    this.#restUntilMs.set(request, this.context().tools.clock.monotonic() + REST_MS);
  }

  #restMs(request: string): number {
    const until = this.#restUntilMs.get(request);
    if (until === undefined) return 0;
    const left = until - this.context().tools.clock.monotonic();
    if (left <= 0) this.#restUntilMs.delete(request);
    return Math.max(0, left);
  }

  /** `resource` is for those who ask why; the log keeps the words of launcher.md 6. */
  #decline(request: Readable, reason: string, resource?: string): void {
    if (this.#declining.size >= CLAIMS_AT_ONCE) return;
    this.#declining.add(request.id);
    this.#note(request.id, 'declined', resource === undefined ? reason : `${reason}: ${resource}`);
    this.#track(
      declineRequest(request.id, reason, this.context())
        .catch((error: unknown) => {
          if (error instanceof ClaimLostError || this.context().now.aborted) return;
          this.context().tools.log.error('request could not be declined', { request: request.id, err: error });
        })
        .finally(() => this.#declining.delete(request.id)),
    );
  }

  /** Makes room; with a tenant: below that tenant's limits. */
  #purge(spared: ReadonlySet<string>, tenant: string | null = null): void {
    const pool = this.context();
    const node = this.#purging ? undefined : nodeToPurge(pool, spared, tenant);
    if (node === undefined) return;
    this.#purging = true;
    this.#track(
      purgeNode(node, pool)
        .catch((error: unknown) => pool.tools.log.warn('unused node could not be purged', { node, err: error }))
        .finally(() => {
          this.#purging = false;
        }),
    );
  }

  async #publish(): Promise<void> {
    const { config } = this.context();
    await this.registration.update({
      supportedLabels: [...config.labels.keys()],
      priority: config.priority,
      paused: this.#isBusy || [...this.#inHand.values()].some((it) => it.isWaiting && it.pausesPool), // with its lock: others may go on
    });
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

/** Whether another launch may begin, by this launcher and by all together. */
function hasLaunchSlot({ runtime, creator }: PoolContext): boolean {
  return runtime.hasLaunchSlot && creator.hasLaunchRoom(runtime.config.name, runtime.config.maxConcurrency);
}
