import { type KnownNode } from '../decide/node-index';
import { assignSlots, isWorthKeeping, planLostRequest } from '../decide/lost-requests';
import type { RankedRequest } from '../decide/request-index';
import type { Reconciler } from '../runtime/reconcile';
import { ClaimLostError } from '../store/api';
import { InFlight } from './in-flight';
import type { PoolContext } from './pool-context';
import type { PoolWorker } from './pool-worker';
import type { LauncherTools } from './tools';
import type { World } from './world';

const FULL_PASS_MS = 60_000;
/** How long a request is left to the launchers that could continue it. */
const PATIENCE_SECONDS = 20;
const NODE_LOCK_MS = 5000;
const ADOPTION_MS = 1000;
/** A lock that has vanished is often seen before what was written under it. */
const BEHIND_MS = 10;

/** A pool served here. */
export interface ServedPool {
  readonly worker: PoolWorker;
  readonly context: PoolContext;
}

/**
 * Requests that are `pending` with nobody behind them: continued with the nodes they have where one of our pools can, else
 * reset (launcher.md 18, 24). Begins as soon as the lock has vanished.
 */
export class LostRequestWorker implements Reconciler {
  readonly name = 'lost requests';
  readonly #work: InFlight;
  readonly #since = new Map<string, number>();

  constructor(
    private readonly tools: LauncherTools,
    private readonly world: World,
    private readonly pools: () => readonly ServedPool[],
    private readonly now: AbortSignal,
    nudge: () => void,
  ) {
    this.#work = new InFlight(
      tools,
      { name: 'continue lost request', atOnce: 50, firstMs: 1000, maxMs: 60_000 },
      nudge,
    );
  }

  pass(): Promise<{ readonly againInMs: number }> {
    if (!this.world.fresh) return Promise.resolve({ againInMs: FULL_PASS_MS });
    const { lost } = this.world.requests;
    const now = this.tools.clock.monotonic();
    for (const id of this.#since.keys()) if (!lost.has(id)) this.#since.delete(id);
    this.#work.keepOnly((id) => lost.has(id));
    let againInMs = Math.min(FULL_PASS_MS, this.#work.nextInMs());
    for (const request of lost.values()) {
      if (this.world.isBehind(request.id)) {
        againInMs = Math.min(againInMs, BEHIND_MS);
        continue;
      }
      const since = this.#since.get(request.id) ?? now;
      this.#since.set(request.id, since);
      againInMs = Math.min(againInMs, this.#judge(request, (now - since) / 1000));
    }
    return Promise.resolve({ againInMs });
  }

  /** Whether an unlocked node of a lost request will be continued here. */
  willContinue(node: KnownNode): boolean {
    const { allocatedTo } = node.record;
    if (allocatedTo === null || !isWorthKeeping(node)) return false;
    const request = this.world.requests.get(allocatedTo);
    if (request?.record?.state !== 'pending') return false;
    if (request.locked) return true; // somebody has just taken it over
    return this.#plan(request, 0).kind === 'adopt';
  }

  #judge(request: RankedRequest, lostFor: number): number {
    const pools = this.pools();
    if (pools.some(({ worker }) => worker.serves(request.id))) return FULL_PASS_MS;
    const plan = this.#plan(request, lostFor);
    if (plan.kind === 'wait') return Math.max(100, (PATIENCE_SECONDS - lostFor) * 1000);
    if (plan.kind === 'adopt') {
      const pool = pools.find(({ context }) => isPool(context, plan.provider, plan.pool));
      if (pool !== undefined && request.record !== undefined) {
        const nodes = this.#nodesOf(request.id).filter((it) => isWorthKeeping(it));
        const { record } = request;
        pool.worker.adopt({ ...request, record }, assignSlots(record.nodeTypes, nodes));
      }
      return ADOPTION_MS; // it does not show here whether that succeeds
    }
    this.#work.start(
      request.id,
      () => this.#reset(request.id),
      (error) => {
        if (error instanceof ClaimLostError || this.now.aborted) return;
        this.tools.log.warn('lost request could not be reset', { request: request.id, err: error });
      },
    );
    return FULL_PASS_MS;
  }

  #plan(request: RankedRequest, lostFor: number) {
    return planLostRequest({
      record: request.record!,
      nodes: this.#nodesOf(request.id),
      own: this.pools().map(({ context }) => ({
        provider: context.runtime.config.name,
        pool: context.config.name,
        labels: new Set(context.config.labels.keys()),
      })),
      pools: this.world.pools(),
      lostFor,
      patience: PATIENCE_SECONDS,
    });
  }

  #nodesOf(request: string): readonly KnownNode[] {
    return [...(this.world.nodes.allocated.get(request)?.values() ?? [])];
  }

  async #reset(id: string): Promise<boolean> {
    const { store, log } = this.tools;
    const claim = await store.requests.claim(id, this.now);
    if (claim === undefined) return false;
    try {
      if (claim.current.record.state !== 'pending') return true;
      for (const node of this.#nodesOf(id)) {
        if (!(await this.#freeNode(node.id, id))) return false;
      }
      await claim.write({ state: 'requested', nodes: [] });
      log.info('lost request is reset', { request: id });
      return true;
    } finally {
      await claim.release();
    }
  }

  /** False when somebody keeps the node's lock: the request has to wait for another round. */
  async #freeNode(id: string, request: string): Promise<boolean> {
    const claim = await this.tools.store.nodes.claim(id, this.now, NODE_LOCK_MS);
    if (claim === undefined) return (await this.tools.store.nodes.get(id)) === undefined;
    try {
      const { record } = claim.current;
      if (record.allocatedTo !== request) return true;
      await claim.write({ allocatedTo: null, ...(record.state === 'init' ? { state: 'deleting' as const } : {}) });
      return true;
    } finally {
      await claim.release();
    }
  }
}

function isPool({ runtime, config }: PoolContext, provider: string, pool: string): boolean {
  return runtime.config.name === provider && config.name === pool;
}
