import type { LabelConfig } from '../config/types';
import { MIN_READY_PRIORITY, MIN_READY_REQUESTOR, planMinReady } from '../decide/plan-min-ready';
import type { NodeRequest } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import type { Reconciler } from '../runtime/reconcile';
import { ClaimLostError } from '../store/api';
import { MinReadyRests, type Room } from './min-ready-rests';
import type { LauncherTools } from './tools';
import type { World } from './world';

const FULL_PASS_MS = 60_000;
/** How long a label's missing nodes are left to the launcher that leads. */
const PATIENCE_MS = 10_000;

export interface MinReadyScope {
  readonly labels: readonly LabelConfig[];
  imageReady(label: LabelConfig): boolean;
  /** Of the pools that are served here. */
  room(label: string): Room;
}

/** Keeps `min-ready` nodes of each label by filing requests of its own (launcher.md 20). */
export class MinReadyWorker implements Reconciler {
  readonly name = 'min-ready';
  readonly #own = new Map<string, string>();
  readonly #rests: MinReadyRests;
  readonly #shortSince = new Map<string, number>();

  constructor(
    private readonly tools: LauncherTools,
    private readonly world: World,
    private readonly scope: () => MinReadyScope,
    private readonly leads: () => boolean,
  ) {
    this.#rests = new MinReadyRests(tools.random);
  }

  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    if (!this.world.fresh) return { againInMs: FULL_PASS_MS };
    await this.#settleOwn(signal);
    const now = this.tools.clock.monotonic();
    const scope = this.scope();
    this.#rests.notice(now, (label) => scope.room(label));
    let againInMs = Math.min(FULL_PASS_MS, ...this.#rests.left(now).values());
    const missing = this.#missing(now);
    this.#forgetShortages(new Set(missing.map((it) => it.label)));
    const waits = missing.map(({ label }) => this.#turnInMs(label, now));
    againInMs = Math.min(againInMs, ...waits.filter((it) => it > 0));
    if (waits.includes(0)) await this.#createMissing(now, signal);
    return { againInMs };
  }

  /** Looks once more, behind a barrier: nodes and requests reach us on two ways, and what another leader did must show. */
  async #createMissing(now: number, signal: AbortSignal): Promise<void> {
    const { store } = this.tools;
    await Promise.all([store.requests.view().settled(signal), store.nodes.view().settled(signal)]);
    for (const { label, count } of this.#missing(now)) {
      if (this.#turnInMs(label, now) > 0) continue;
      const most = this.#rests.has(label) ? this.#fitting(label) : count;
      for (let made = 0; made < Math.min(count, most); made += 1) await this.#create(label, signal);
    }
    await store.requests.view().settled(signal);
  }

  /** After a failure: not more requests than there is room for, and one to try where there seems to be none. */
  #fitting(label: string): number {
    let sum = 0;
    for (const it of this.scope().room(label).values()) sum += it;
    return Math.max(1, sum);
  }

  #missing(now: number) {
    const scope = this.scope();
    return planMinReady({
      labels: scope.labels,
      requests: this.world.requests.all(),
      freeCount: (label) => this.world.nodes.freeCount(label),
      imageReady: (label) => scope.imageReady(label),
      resting: new Set(this.#rests.left(now).keys()),
    }).create;
  }

  /** 0 for the leader; others step in for labels that the leader does not know. */
  #turnInMs(label: string, now: number): number {
    if (this.leads()) return 0;
    const since = this.#shortSince.get(label) ?? now;
    this.#shortSince.set(label, since);
    return Math.max(0, since + PATIENCE_MS - now);
  }

  #forgetShortages(short: ReadonlySet<string>): void {
    for (const label of this.#shortSince.keys()) if (!short.has(label)) this.#shortSince.delete(label);
  }

  async #create(label: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const request: NodeRequest = {
      state: 'requested',
      stateTime: wallSeconds(this.tools.clock),
      declinedBy: [],
      nodeTypes: [label],
      nodes: [],
      reuse: false,
      requestor: MIN_READY_REQUESTOR,
      requestorData: null,
      provider: null,
      relativePriority: 0,
      eventId: this.tools.random.hex(16),
      createdTime: null,
      tenantName: null,
    };
    const id = await this.tools.store.requests.create(request, MIN_READY_PRIORITY, 'ephemeral');
    this.#own.set(id, label);
    this.tools.log.info('min-ready request filed', { request: id, label, event_id: request.eventId });
  }

  /** Frees the nodes of our fulfilled requests, and ends those that failed. */
  async #settleOwn(signal: AbortSignal): Promise<void> {
    for (const [id, label] of this.#own) {
      const record = this.world.requests.get(id)?.record;
      if (record === undefined) {
        if (!this.world.requests.has(id)) this.#own.delete(id);
        continue;
      }
      if (record.state === 'failed') this.#rest(label, record);
      if (record.state === 'fulfilled') this.#rests.end(label);
      if (record.state !== 'failed' && record.state !== 'fulfilled') continue;
      for (const node of record.nodes) await this.#free(node, id, signal);
      await this.tools.store.requests.delete(id);
      this.#own.delete(id);
    }
  }

  async #free(node: string, request: string, signal: AbortSignal): Promise<void> {
    const claim = await this.tools.store.nodes.claim(node, signal);
    if (claim === undefined) return; // gone, or whoever holds it sees a request that is gone
    try {
      const { record } = claim.current;
      if (record.allocatedTo === request) await claim.write({ allocatedTo: null });
    } catch (error) {
      if (!(error instanceof ClaimLostError)) throw error;
    } finally {
      await claim.release();
    }
  }

  /** A launch that failed would fail again in free room: only what every pool declined may be mended by room. */
  #rest(label: string, { declinedBy }: NodeRequest): void {
    const isDeclined = this.world.pools().every((it) => declinedBy.includes(it.id));
    const room = isDeclined ? this.scope().room(label) : undefined;
    this.#rests.begin(label, this.tools.clock.monotonic(), room);
  }
}
