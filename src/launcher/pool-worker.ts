import { isServableElsewhere, isWantedByWorse, type PoolFact, RequestJudge } from '../decide/choose-requests';
import { EXCEEDS_QUOTA, exceeded, reasonToDecline } from '../decide/request-decline';
import type { RankedRequest } from '../decide/request-index';
import { orderForPool } from '../decide/request-order';
import { planServing, type Serving } from '../decide/serve-request';
import { WaitNotes, type WaitReason, reasonOfSkip } from '../decide/wait-notes';
import type { NodeRequest, PoolComponent, Resources } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import type { Reconciler } from '../runtime/reconcile';
import type { Registration } from '../store/api';
import { planFor, promise, tenantPlace } from './assign-nodes';
import type { HeldNode } from './held-node';
import type { LaunchOutcome } from './launch-node';
import type { PoolContext } from './pool-context';
import { CLAIMS_AT_ONCE, PoolHands } from './pool-hands';
import { canPromise, poolOffer } from './pool-offer';
import { poolSituation } from './pool-situation';
import { type HandlerEnd, RequestHandler } from './request-handler';
import { RequestTurns } from './request-turns';
import { serveFromMachines } from './serve-from-machines';
import { WaitingLine } from './waiting-line';

/** A full pass even if nothing happened: it alone must do. */
const FULL_PASS_MS = 60_000;
/** How many are being locked at the same time, to be called idle enough for requests that others are about to come to. */
const CLAIMS_OF_A_HELPER = 4;

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
  readonly #hands: PoolHands;
  readonly #line: WaitingLine;
  readonly #turns: RequestTurns;
  /** Leaves requests alone that it could serve at another time. Pools of worse priority need not wait for that. */
  #isBusy = false;
  #draining = false;

  constructor(
    private readonly context: () => PoolContext,
    private readonly policy: () => PoolPolicy,
    private readonly registration: Registration<PoolComponent>,
  ) {
    const { runtime, config } = context();
    this.name = `pool ${runtime.config.name}-${config.name}`;
    this.#turns = new RequestTurns(context);
    this.#hands = new PoolHands(this.name, context, (request) => this.#turns.delete(request));
    this.#line = new WaitingLine(context, this.#hands, {
      note: (request, reason, detail) => this.#note(request, reason, detail),
      delete: (request) => this.notes.delete(request),
    });
  }

  /** Whether this request is being served here. */
  serves(request: string): boolean {
    return this.#hands.handlers.has(request);
  }

  /** Requests whose deletion must not wait for the next pass. */
  noticeGone(request: string): void {
    this.#turns.delete(request);
    this.#hands.handlers.get(request)?.cancel();
  }

  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    const { world, id, now } = this.context();
    if (!world.fresh || now.aborted) return { againInMs: FULL_PASS_MS };
    this.#dropGone();
    const retryInMs = Math.min(FULL_PASS_MS, this.#line.serve(this.#draining));
    // Seeing oneself means that one's view of the other pools is usable (launcher.md 3 step 2).
    if (this.#draining || !world.pools().some((it) => it.id === id)) return { againInMs: retryInMs };
    this.#isBusy = false;
    const judgeInMs = this.#judgeAll(signal);
    await this.#publish();
    return { againInMs: Math.min(retryInMs, judgeInMs) };
  }

  /** Continues a request that its launcher has left (launcher.md 24). */
  adopt(request: Readable, slots: ReadonlyMap<number, string>): void {
    if (this.#hands.has(request.id) || this.#draining || this.#hands.restMs(request.id) > 0) return;
    const handler = new RequestHandler(request, this.context);
    this.#keep(handler, handler.adopt(slots));
  }

  /** Takes nothing new, gives back what has no nodes yet, and resolves when everything in hand is done. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const handler of this.#hands.handlers.values()) if (handler.isWaiting) handler.giveBack();
    this.context().nudge();
    await this.idle();
  }

  /** Resolves when nothing is in hand. */
  idle(): Promise<void> {
    return this.#hands.idle();
  }

  /** A node that goes on without its request. */
  adoptNode(node: HeldNode, done: Promise<LaunchOutcome>): void {
    this.#hands.keepNode(node, done);
  }

  noCapacity(): void {
    this.#line.noCapacity();
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
      if (request.locked || request.record === undefined || this.#hands.has(request.id)) continue;
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
    for (const tenant of atLimit) this.#hands.purge(undefined, tenant);
    return againInMs;
  }

  /** Returns after how many milliseconds to look at the request again. */
  #serve(request: Readable, pools: readonly PoolFact[]): number {
    const pool = this.context();
    if (this.#isHindered(request, pools)) return FULL_PASS_MS;
    const claiming = this.#hands.claiming();
    if (claiming >= CLAIMS_AT_ONCE) return FULL_PASS_MS; // each claim that ends nudges
    const turn = this.#turns.of(request, pools);
    const wait = Math.max(this.#hands.restMs(request.id), turn.waitMs);
    if (wait > 0 || (turn.isHelp && claiming >= CLAIMS_OF_A_HELPER)) {
      this.#note(request.id, 'others-go-first');
      return wait > 0 ? wait : FULL_PASS_MS; // each claim that ends nudges
    }
    const handler = new RequestHandler(request, this.context);
    const serving = planServing({
      isStanding: pool.runtime.isStanding,
      reuse: request.record.reuse,
      isMinReady: handler.isMinReady,
      plan: () => planFor(handler, pool),
    });
    this.#carryOut(serving, request, handler, pools);
    return FULL_PASS_MS;
  }

  #carryOut(serving: Serving, request: Readable, handler: RequestHandler, pools: readonly PoolFact[]): void {
    const pool = this.context();
    switch (serving.kind) {
      case 'decline':
        return this.#decline(request, serving.reason, serving.resource);
      case 'leave until machines are free':
        return this.#leave(request, 'machines-are-busy', pools);
      case 'try machines':
        return this.#keep(handler, serveFromMachines(handler, promise(serving.plan, handler, pool), pool));
      case 'take':
        return this.#keep(handler, handler.serve(promise(serving.plan, handler, pool)));
      case 'take and wait':
        this.#note(request.id, 'no-room', serving.plan.resource);
        this.#hands.purge(serving.plan.spared);
        handler.tenantPlace = tenantPlace(handler, pool);
        return this.#keep(handler, handler.serve(undefined));
    }
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
    else if (this.#isBetterElsewhere(record, pools)) this.#leave(request, 'cloud-is-silent', pools);
    else if (canPromise(pool, record.nodeTypes)) return false;
    else if (pool.runtime.isUnanswered) this.#leave(request, 'limits-not-known-yet', pools);
    else this.#note(id, 'limits-not-known-yet'); // in a moment they will be
    return true;
  }

  /** Our cloud does not answer, and there are others. What prefers our provider they would leave to us. */
  #isBetterElsewhere(record: NodeRequest, pools: readonly PoolFact[]): boolean {
    const { runtime } = this.context();
    const { name } = runtime.config;
    return runtime.isSilent && record.provider !== name && isServableElsewhere(record, name, pools);
  }

  /** To whoever can serve it sooner, if there is such a pool. */
  #leave({ id, record }: Readable, reason: WaitReason, pools: readonly PoolFact[]): void {
    this.#note(id, reason);
    this.#isBusy ||= isWantedByWorse(record, this.context().config.priority, pools);
  }

  #pausedFor(): string | undefined {
    for (const it of this.#hands.handlers.values())
      if (it.pausesPool && (it.isWaiting || it.startsWaiting)) return it.id;
    return undefined;
  }

  #note(request: string, reason: WaitReason | undefined, detail?: string): void {
    if (reason !== undefined) this.notes.note(request, reason, detail, wallSeconds(this.context().tools.clock));
  }

  #dropGone(): void {
    const { requests } = this.context().world;
    this.#hands.dropGone((id) => requests.has(id));
    for (const memory of [this.#turns, this.notes]) {
      for (const id of memory.keys()) if (!requests.has(id)) memory.delete(id);
    }
  }

  #keep(handler: RequestHandler, served: Promise<HandlerEnd>): void {
    if (!handler.startsWaiting) this.notes.delete(handler.id);
    this.#hands.keep(handler, served);
  }

  /** `resource` is for those who ask why; the log keeps the words of launcher.md 6. */
  #decline({ id }: Readable, reason: string, resource?: string): void {
    if (!this.#hands.decline(id, reason)) return;
    this.#note(id, 'declined', resource === undefined ? reason : `${reason}: ${resource}`);
  }

  async #publish(): Promise<void> {
    const { config } = this.context();
    await this.registration.update({
      supportedLabels: [...config.labels.keys()],
      priority: config.priority,
      paused: this.#isBusy || [...this.#hands.handlers.values()].some((it) => it.isWaiting && it.pausesPool), // with its lock: others may go on
    });
  }
}

/** Whether another launch may begin, by this launcher and by all together. */
function hasLaunchSlot({ runtime, creator }: PoolContext): boolean {
  return runtime.hasLaunchSlot && creator.hasLaunchRoom(runtime.config.name, runtime.config.maxConcurrency);
}
