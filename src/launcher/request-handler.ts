import { underAll, linkSignals } from '../runtime/link-signals';
import type { Reservation } from '../decide/node-reservations';
import { MIN_READY_REQUESTOR } from '../decide/plan-min-ready';
import { declineChange } from '../decide/request-decline';
import type { RankedRequest } from '../decide/request-index';
import type { RequestRank } from '../decide/request-order';
import { requestPath } from '../model/paths';
import type { NodeRequest } from '../model/records';
import {
  ClaimLostError,
  type ClaimedWithNodes,
  type NodeClaim,
  type NodeTaking,
  type RequestClaim,
  type RequestEntry,
} from '../store/api';
import { noSpan, type Span } from '../runtime/tracing/tracing';
import { isZkError } from '../zk/errors';
import { type Filling, fillSlots, fillWithTaken, takingAll } from './fill-slots';
import { HeldNode } from './held-node';
import { type Assignment, NodeSet } from './node-set';
import type { PoolContext } from './pool-context';
import { startLaunch } from './start-launch';
import { traceServing } from './trace-launch';

/*
 * One request in hand, from its lock to its release:
 *
 *   claimed -> pending -> [waiting for room -> filling] -> all ready -> nodes unlocked -> fulfilled
 *                              ^      |
 *                              +------+ a node was taken by somebody else, or the cloud was full
 *
 * It ends early when the requestor deletes it (nodes are freed at once), when a node fails for good (declined), when the
 * pool goes away (given back as `requested`), and when the lock is lost (nothing is written any more: whoever finds it
 * `pending` and unlocked goes on).
 */

export type HandlerEnd = 'fulfilled' | 'declined' | 'cancelled' | 'given back' | 'not ours' | 'lost';

class Interruption extends Error {
  constructor(readonly end: 'cancelled' | 'given back' | 'declined') {
    super(end);
  }
}

export class RequestHandler {
  readonly id: string;
  readonly rank: RequestRank;
  readonly request: NodeRequest;
  readonly set: NodeSet;
  readonly avoid = new Set<string>();
  /** Room below the tenant's limits, kept while the request waits. */
  tenantPlace: Reservation | undefined;
  /** Whether others of the pool wait for it while it waits. */
  pausesPool = true;
  readonly #interrupt = new AbortController();
  #waiting: ((assignment: Assignment) => void) | undefined;
  #claimed = false;
  #startsWaiting = false;
  #span: Span = noSpan;

  constructor(
    request: RankedRequest & { readonly record: NodeRequest },
    private readonly pool: () => PoolContext,
  ) {
    this.id = request.id;
    this.rank = request.rank;
    this.request = request.record;
    this.set = new NodeSet(request.record);
  }

  get isMinReady(): boolean {
    return this.request.requestor === MIN_READY_REQUESTOR;
  }

  /** Holds the request's lock. */
  get isClaimed(): boolean {
    return this.#claimed;
  }

  /** Needs nodes that were not there when last asked. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined && !this.#interrupt.signal.aborted;
  }

  /** How many of its nodes it has. */
  get held(): number {
    return this.set.size;
  }

  /** Will wait as soon as its lock is taken. */
  get startsWaiting(): boolean {
    return this.#startsWaiting;
  }

  /** Hands a waiting request what it waits for. */
  assign(assignment: Assignment): void {
    const take = this.#waiting;
    if (take === undefined) throw new Error('request waits for nothing');
    this.#waiting = undefined;
    take(assignment);
  }

  /** The requestor has deleted the request. */
  cancel(): void {
    this.#interrupt.abort(new Interruption('cancelled'));
  }

  /** The pool goes away, and this request has not got its nodes yet. */
  giveBack(): void {
    this.#interrupt.abort(new Interruption('given back'));
  }

  /** It will never fit, or must not wait. */
  decline(): void {
    this.#interrupt.abort(new Interruption('declined'));
  }

  /** Serves the request to its end, whatever that is. Rejects only with what was not foreseen; all is released then. */
  async serve(first: Assignment | undefined): Promise<HandlerEnd> {
    this.#startsWaiting = first === undefined;
    let taken: readonly NodeClaim[] | undefined;
    const claim = async (signal: AbortSignal) => {
      const takings = first && takingAll(first, this.#filling(), this.pool());
      if (takings === undefined) return this.#claimAsPending(signal);
      const both = await this.#claimWithNodes(takings, signal);
      if (both === 'request') return undefined;
      if (both === 'node') return this.#claimAsPending(signal);
      taken = both.nodes;
      return both.claim;
    };
    return this.#underClaim(first, claim, async (_claim, stop) => {
      if (first === undefined) return;
      if (taken !== undefined) fillWithTaken(first, taken, this.#filling(), this.pool());
      else await fillSlots(first, this.#filling(), this.pool(), stop);
    });
  }

  /** Where nothing has to be launched, one step does for the request and its nodes; `node`: it has to be done one by one. */
  async #claimWithNodes(
    takings: readonly NodeTaking[],
    signal: AbortSignal,
  ): Promise<ClaimedWithNodes | 'request' | 'node'> {
    const entry = this.#waitingEntry();
    if (entry === undefined) return 'request';
    return this.pool().tools.store.requests.claimWithNodes(entry, { state: 'pending' }, takings, signal);
  }

  /** Continues a request whose launcher is gone, with the nodes it had. */
  async adopt(slots: ReadonlyMap<number, string>): Promise<HandlerEnd> {
    const claim = (signal: AbortSignal) => this.pool().tools.store.requests.claim(this.id, signal);
    return this.#underClaim(undefined, claim, async (_claim, stop) => {
      await Promise.all([...slots].map(([slot, node]) => this.#inherit(slot, node, stop)));
    });
  }

  /** Only as the view shows it: whoever has changed it since decides. */
  async #claimAsPending(signal: AbortSignal): Promise<RequestClaim | undefined> {
    const entry = this.#waitingEntry();
    return entry && this.pool().tools.store.requests.claimAs(entry, { state: 'pending' }, signal);
  }

  #waitingEntry(): RequestEntry | undefined {
    const entry = this.pool().world.requestEntry(this.id);
    return entry?.record?.state === 'requested' ? entry : undefined;
  }

  async #underClaim(
    first: Assignment | undefined,
    take: (signal: AbortSignal) => Promise<RequestClaim | undefined>,
    begin: (claim: RequestClaim, stop: AbortSignal) => Promise<void>,
  ): Promise<HandlerEnd> {
    const pool = this.pool();
    const until = linkSignals(pool.now, this.#interrupt.signal);
    let claim: RequestClaim | undefined;
    try {
      claim = await take(until.signal);
      if (claim?.current.record.state !== 'pending') return 'not ours';
      this.#claimed = true;
      const held = claim;
      const { runtime, config, tools } = pool;
      const served = { provider: runtime.config.name, name: config.name };
      this.#span = traceServing(tools.tracing, this.id, this.request, served);
      const end = await underAll([until.signal, held.signal], (stop) => this.#untilDone(held, stop, begin));
      this.#span.set({ 'nodepool.end': end });
      return end;
    } catch (error) {
      if (error instanceof ClaimLostError || error instanceof Interruption || pool.now.aborted) return 'lost';
      if (isZkError(error, 'SESSION_EXPIRED')) return 'lost';
      throw error;
    } finally {
      this.#span.end();
      first?.cancel();
      await Promise.all(this.set.clear().map((it) => it.node.release()));
      await claim?.release();
      until.release();
    }
  }

  async #untilDone(
    claim: RequestClaim,
    stop: AbortSignal,
    begin: (claim: RequestClaim, stop: AbortSignal) => Promise<void>,
  ): Promise<HandlerEnd> {
    try {
      await begin(claim, stop);
      return await this.#work(claim, stop);
    } catch (error) {
      return await this.#endEarly(claim, error);
    }
  }

  async #work(claim: RequestClaim, stop: AbortSignal): Promise<HandlerEnd> {
    for (;;) {
      if (this.set.open.length > 0) {
        const assignment = await this.#nextAssignment(stop);
        await fillSlots(assignment, this.#filling(), this.pool(), stop);
        continue;
      }
      await orAborted(this.set.nextOutcome(), stop);
      const full = this.set.takeOut('aborted');
      if (full.length > 0) {
        this.pool().noCapacity();
        await Promise.all(full.map((it) => it.node.release()));
      }
      const outcomes = this.set.all().map((it) => it.outcome);
      if (outcomes.includes('failed') || outcomes.includes('lost')) throw new Interruption('declined');
      if (this.set.open.length === 0 && outcomes.every((it) => it === 'ready')) return this.#fulfil(claim, stop);
    }
  }

  /** Nodes are complete and unlocked at the moment in which `fulfilled` becomes visible (launcher.md 9). */
  async #fulfil(claim: RequestClaim, stop: AbortSignal): Promise<HandlerEnd> {
    const nodes = this.set.ids();
    if (!this.set.all().every((it) => it.node.isHeld())) throw new ClaimLostError(this.id, 'lock-gone');
    stop.throwIfAborted();
    const handOvers = await Promise.all(this.set.all().map((it) => it.node.handOver()));
    await claim.finish({ state: 'fulfilled', nodes }, handOvers);
    return 'fulfilled';
  }

  async #endEarly(claim: RequestClaim, error: unknown): Promise<HandlerEnd> {
    const { world, id, now, tools } = this.pool();
    if (now.aborted || claim.signal.aborted || error instanceof ClaimLostError) {
      const isOwn = error instanceof ClaimLostError && error.path === requestPath(this.id);
      const gone = isOwn && error.reason === 'record-gone' && claim.isHeld();
      if (!gone || now.aborted) return 'lost';
      await this.#freeNodes();
      return 'cancelled';
    }
    const interruption = this.#interrupt.signal.aborted ? (this.#interrupt.signal.reason as unknown) : error;
    const end = interruption instanceof Interruption ? interruption.end : 'declined';
    if (!(interruption instanceof Interruption))
      tools.log.error('request failed unexpectedly', { request: this.id, err: error });
    await this.#freeNodes();
    if (end === 'given back') await claim.write({ state: 'requested', nodes: [] });
    if (end === 'declined') {
      const registered = world.pools().map((it) => it.id);
      await claim.write(declineChange(claim.current.record, id, registered));
    }
    return end;
  }

  /** Ready nodes become free at once; those on their way are finished and become free then; others are not begun. */
  async #freeNodes(): Promise<void> {
    const { turns } = this.pool().creator;
    await Promise.all(
      this.set.clear().map(async ({ node, outcome, done }) => {
        const isUnbegun = outcome === undefined && turns.leave(node.id);
        if (outcome === undefined || outcome === 'ready') {
          const change = isUnbegun ? { allocatedTo: null, state: 'aborted' as const } : { allocatedTo: null };
          await node.write(change).catch((error: unknown) => {
            if (!(error instanceof ClaimLostError)) throw error; // gone is as good as free
          });
        }
        if (outcome === undefined && !isUnbegun) this.pool().adopt(node, done);
        else await node.release();
      }),
    );
  }

  async #inherit(slot: number, id: string, stop: AbortSignal): Promise<void> {
    const pool = this.pool();
    const claim = await pool.tools.store.nodes.claim(id, stop);
    if (claim === undefined) return;
    const node = new HeldNode(claim, pool.tools.log);
    const { state, allocatedTo, az } = node.record;
    if (allocatedTo !== this.id || !['ready', 'building', 'init'].includes(state)) {
      await node.release();
      return;
    }
    if (state === 'ready') this.set.fill(slot, node, Promise.resolve('ready'), 'ready');
    else {
      const label = this.request.nodeTypes[slot]!;
      this.set.fill(
        slot,
        node,
        startLaunch(node, { label, zone: az ?? undefined, inherited: true }, this.#filling(), pool),
      );
    }
  }

  async #nextAssignment(stop: AbortSignal): Promise<Assignment> {
    const given = new Promise<Assignment>((resolve) => {
      this.#waiting = resolve;
      this.#startsWaiting = false;
    });
    this.pool().nudge();
    this.#span.event('waits for room');
    try {
      const assignment = await orAborted(given, stop);
      this.#span.event('has room');
      return assignment;
    } catch (error) {
      void given.then((it) => it.cancel()); // it came in the same moment as the end
      throw error;
    } finally {
      this.#waiting = undefined;
    }
  }

  #filling(): Filling {
    return { id: this.id, request: this.request, set: this.set, avoid: this.avoid, span: this.#span };
  }
}

/** The value, or the signal's reason if that comes first. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
