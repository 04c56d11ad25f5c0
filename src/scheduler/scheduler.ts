import { setMaxListeners } from 'node:events';
import { REQUEST_PRIORITIES } from '../model/ids';
import { type Json, RawJson } from '../model/json';
import type { NodeRequest, RequestState } from '../model/records';
import { newRequest } from '../model/request-record';
import { type Clock, wallSeconds } from '../runtime/clock';
import { underAll } from '../runtime/link-signals';
import type { Logger } from '../runtime/log';
import { type Random, systemRandom } from '../runtime/random';
import type { RequestEntry, RequestsView, Store } from '../store/api';
import { HoldJobs } from '../store/hold-jobs';
import { untilSeen } from '../store/until-seen';
import { apiTracing } from '../runtime/tracing/api-tracing';
import type { Tracing } from '../runtime/tracing/tracing';
import { RequestTraces } from './request-traces';
import { acceptNodes } from './accept-nodes';
import type { NodeSet } from './node-set';

export { NodesUnavailableError } from './errors';
export { type AcceptedNode, type HoldOptions, NodeSet, type WorkResult } from './node-set';

export interface SchedulerOptions {
  /** The requestor of all requests; schedulers of one name see and serve each other's. Zuul: its system id. */
  readonly name: string;
}

export interface SchedulerTools {
  readonly clock: Clock;
  readonly log: Logger;
  /** Default: the machine's. */
  readonly random?: Random;
  /** Default: OpenTelemetry, if this program has registered its SDK. */
  readonly tracing?: Tracing;
}

export interface Submission {
  /** One node of each, in this order; the same label may occur twice. Not empty. */
  readonly labels: readonly string[];
  /** Lower is served first; default 'normal' (zuul-client.md 4). */
  readonly priority?: keyof typeof REQUEST_PRIORITIES | number;
  /** Order within a priority; lower is served first; default 0. */
  readonly relativePriority?: number;
  /** Preferred provider. */
  readonly provider?: string | null;
  /**
   * Comes back with the outcome, every digit as it was; for the scheduler's own use. Where requests are traced, a `traceparent` is
   * put into it, unless it has one, or Zuul's `span_info`, or is no object.
   */
  readonly requestorData?: Json | RawJson;
  readonly tenantName?: string | null;
  readonly eventId?: string | null;
  /** False: only nodes that are booted for this request. Default true. */
  readonly reuse?: boolean;
  /** 'session': the request goes when this program does. Default 'persistent', as Zuul's. */
  readonly lifetime?: 'persistent' | 'session';
}

export interface SubmittedRequest {
  /** `PPP-nnnnnnnnnn`. */
  readonly id: string;
}

export interface OwnRequest extends SubmittedRequest {
  readonly state: RequestState;
  readonly record: NodeRequest;
}

export type RequestOutcome =
  | { readonly state: 'fulfilled' | 'failed'; readonly record: NodeRequest }
  /** Somebody deleted it. */
  | { readonly state: 'gone' };

/**
 * Requests nodes as Zuul does (zuul-client.md). A request goes submit → await → accept → (nodes) use → release, or is
 * cancelled at any time before `accept`. A `failed` one is to be cancelled as well, to remove it.
 */
export interface Scheduler {
  readonly name: string;
  /** Files a request: exactly once, even if the link is lost meanwhile. */
  submit(submission: Submission): Promise<SubmittedRequest>;
  /** Resolves when the request is final. Throws the signal's reason, also when the scheduler is closed. */
  await(request: SubmittedRequest, signal: AbortSignal): Promise<RequestOutcome>;
  /**
   * Locks all nodes of a fulfilled request, waiting up to 30 s for each, and deletes the request. All or none: otherwise a
   * NodesUnavailableError, with the request deleted too. If `signal` ends it, the request stays.
   */
  accept(request: SubmittedRequest, signal: AbortSignal): Promise<NodeSet>;
  /** Deletes the request, whatever its state; gone already is fine. The launcher frees what was made for it. */
  cancel(request: SubmittedRequest): Promise<void>;
  /** Changes the place in the queue; skipped while a launcher holds the request, and once it is no longer waiting. */
  revise(request: SubmittedRequest, relativePriority: number): Promise<'revised' | 'busy' | 'not-waiting'>;
  /** All requests of this name that are in the tree: what a restarted scheduler goes on with. */
  list(signal?: AbortSignal): Promise<readonly OwnRequest[]>;
  /** Ends all `await`s. Requests and accepted nodes stay. */
  close(): Promise<void>;
}

/** A scheduler on a store, which stays the caller's to close. */
export function connectScheduler(store: Store, options: SchedulerOptions, tools: SchedulerTools): Scheduler {
  return new StoreScheduler(store, options, tools);
}

class StoreScheduler implements Scheduler {
  readonly name: string;
  readonly #closing = new AbortController();
  readonly #holdJobs: HoldJobs;
  readonly #traces: RequestTraces;
  #hasView = false;

  constructor(
    private readonly store: Store,
    options: SchedulerOptions,
    private readonly tools: SchedulerTools,
  ) {
    this.name = options.name;
    this.#holdJobs = new HoldJobs({ zk: store.zk, random: systemRandom, ...tools });
    this.#traces = new RequestTraces(tools.tracing ?? apiTracing(tools.clock), options.name);
    setMaxListeners(0, this.#closing.signal); // one for each request that is waited for
  }

  async submit(submission: Submission): Promise<SubmittedRequest> {
    const { labels, priority = 'normal', lifetime = 'persistent' } = submission;
    if (labels.length === 0) throw new RangeError('a request names at least one label');
    const number = typeof priority === 'number' ? priority : REQUEST_PRIORITIES[priority];
    const kind = lifetime === 'persistent' ? 'persistent' : 'ephemeral';
    const trace = this.#traces.begin(submission, opaque(submission.requestorData));
    const record = this.#record(submission, trace.requestorData);
    return { id: await trace.filed(() => this.store.requests.create(record, number, kind)) };
  }

  async await(request: SubmittedRequest, signal: AbortSignal): Promise<RequestOutcome> {
    const outcome = await this.#untilFinal(request, signal);
    this.#traces.end(request.id, outcome.state);
    return outcome;
  }

  async #untilFinal(request: SubmittedRequest, signal: AbortSignal): Promise<RequestOutcome> {
    this.#hasView = true;
    const view = this.store.requests.view();
    const known = outcome(view.requests.get(request.id));
    if (known !== undefined) return known;
    return underAll([signal, this.#closing.signal], async (both) => {
      await view.settled(both); // from here on what the view lacks is gone, not late
      return untilSeen(view, () => look(view, request.id), both);
    });
  }

  accept(request: SubmittedRequest, signal: AbortSignal): Promise<NodeSet> {
    const takePlace = (job: string, node: string) => this.#holdJobs.takePlace(job, node);
    // Who has not awaited anything here has no view, and gets none for this.
    const seen = this.#hasView ? this.store.requests.view().requests.get(request.id)?.record : undefined;
    const by = { owner: this.name, log: this.tools.log, takePlace, expected: seen?.nodes ?? [] };
    return acceptNodes(this.store, request.id, by, signal);
  }

  cancel(request: SubmittedRequest): Promise<void> {
    this.#traces.end(request.id, 'cancelled');
    return this.store.requests.delete(request.id);
  }

  async revise(request: SubmittedRequest, relativePriority: number): Promise<'revised' | 'busy' | 'not-waiting'> {
    const claim = await this.store.requests.claim(request.id, this.#closing.signal);
    if (claim === undefined) return (await this.store.requests.get(request.id)) === undefined ? 'not-waiting' : 'busy';
    try {
      if (claim.current.record.state !== 'requested') return 'not-waiting';
      await claim.write({ relativePriority });
      return 'revised';
    } finally {
      await claim.release();
    }
  }

  async list(signal?: AbortSignal): Promise<readonly OwnRequest[]> {
    const view = this.store.requests.view();
    await view.settled(signal);
    return [...view.requests.values()]
      .flatMap(({ id, record }) => (record?.requestor === this.name ? [{ id, state: record.state, record }] : []))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the scheduler is closed'));
    this.#traces.close();
  }

  #record(it: Submission, requestorData: RawJson | null): NodeRequest {
    const now = wallSeconds(this.tools.clock);
    return newRequest({
      nodeTypes: it.labels,
      requestor: this.name,
      requestorData,
      provider: it.provider ?? null,
      relativePriority: it.relativePriority ?? 0,
      eventId: it.eventId ?? null,
      tenantName: it.tenantName ?? null,
      reuse: it.reuse ?? true,
      createdTime: now,
      stateTime: now,
    });
  }
}

function opaque(data: Json | RawJson | undefined): RawJson | null {
  if (data === undefined || data === null) return null;
  return data instanceof RawJson ? data : RawJson.of(data);
}

function look(view: RequestsView, id: string): RequestOutcome | undefined {
  const entry = view.requests.get(id);
  return entry === undefined && view.fresh ? { state: 'gone' } : outcome(entry);
}

function outcome(entry: RequestEntry | undefined): RequestOutcome | undefined {
  const record = entry?.record;
  if (record?.state !== 'fulfilled' && record?.state !== 'failed') return undefined;
  return { state: record.state, record };
}
