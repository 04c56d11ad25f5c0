import type { LabelConfig } from '../config/types';
import { MIN_READY_PRIORITY, MIN_READY_REQUESTOR, isResponsible, planMinReady } from '../decide/plan-min-ready';
import type { NodeRequest } from '../model/records';
import { Backoff } from '../runtime/backoff';
import { wallSeconds } from '../runtime/clock';
import type { Reconciler } from '../runtime/reconcile';
import { ClaimLostError } from '../store/api';
import type { LauncherTools } from './tools';
import type { World } from './world';

const FULL_PASS_MS = 60_000;
/** How long a label's missing nodes are left to the launcher that is responsible for them. */
const PATIENCE_MS = 10_000;

export interface MinReadyScope {
  readonly labels: readonly LabelConfig[];
  /** Ids of our pool components. */
  readonly ownPools: ReadonlySet<string>;
  imageReady(label: LabelConfig): boolean;
}

interface Rest {
  readonly backoff: Backoff;
  untilMs: number;
}

/** Keeps `min-ready` nodes of each label by filing requests of its own (launcher.md 20). */
export class MinReadyWorker implements Reconciler {
  readonly name = 'min-ready';
  readonly #own = new Map<string, string>();
  readonly #rests = new Map<string, Rest>();
  readonly #shortSince = new Map<string, number>();

  constructor(
    private readonly tools: LauncherTools,
    private readonly world: World,
    private readonly scope: () => MinReadyScope,
  ) {}

  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    if (!this.world.fresh) return { againInMs: FULL_PASS_MS };
    await this.#settleOwn(signal);
    const scope = this.scope();
    const now = this.tools.clock.monotonic();
    const resting = new Set([...this.#rests].filter(([, it]) => it.untilMs > now).map(([label]) => label));
    const { create } = planMinReady({
      labels: scope.labels,
      requests: this.world.requests.all(),
      freeCount: (label) => this.world.nodes.freeCount(label),
      imageReady: (label) => scope.imageReady(label),
      resting,
    });
    const pools = this.world.pools();
    let againInMs = Math.min(FULL_PASS_MS, ...[...this.#rests.values()].map((it) => Math.max(100, it.untilMs - now)));
    this.#forgetShortages(new Set(create.map((it) => it.label)));
    for (const { label, count } of create) {
      const wait = this.#turnInMs(label, now, isResponsible(label, scope.ownPools, pools));
      if (wait > 0) againInMs = Math.min(againInMs, wait);
      else for (let made = 0; made < count; made += 1) await this.#create(label, signal);
    }
    if (create.length > 0) await this.tools.store.requests.view().settled(signal);
    return { againInMs };
  }

  #turnInMs(label: string, now: number, responsible: boolean): number {
    if (responsible) return 0;
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
      if (record.state === 'failed') this.#rest(label);
      if (record.state === 'fulfilled') this.#rests.delete(label);
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

  #rest(label: string): void {
    const rest = this.#rests.get(label) ?? {
      backoff: new Backoff({ firstMs: 5000, maxMs: 300_000 }, this.tools.random),
      untilMs: 0,
    };
    rest.untilMs = this.tools.clock.monotonic() + rest.backoff.next();
    this.#rests.set(label, rest);
  }
}
