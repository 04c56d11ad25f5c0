import { logTrouble } from '../drivers/log-trouble';
import { planAgedNodes } from '../decide/age-limits';
import type { KnownNode } from '../decide/node-index';
import { type DeletionAction, planDeletions } from '../decide/plan-deletions';
import { wallSeconds } from '../runtime/clock';
import type { Reconciler } from '../runtime/reconcile';
import type { Node } from '../model/records';
import { ClaimLostError } from '../store/api';
import { deleteNode } from './delete-node';
import { InFlight } from './in-flight';
import type { ProviderRuntime } from './provider-runtime';
import type { LauncherTools } from './tools';
import type { World } from './world';

const FULL_PASS_MS = 60_000;
const EMPTY_AGE_SECONDS = 60;
/** A lock that has vanished is often seen before what was written under it. */
const BEHIND_MS = 10;
/** How long a node is left to the pool that made it, while that is at work: several launchers need not run for one lock. */
const MAKERS_TURN_MS = 2_000;

/** What the worker needs to know of the configuration at hand. */
export interface DeletionScope {
  readonly providers: ReadonlyMap<string, ProviderRuntime>;
  /** Ids of the pools that are served here: nodes that they made are theirs to remove first. */
  readonly ownPools: ReadonlySet<string>;
  readonly maxReadyAge: ReadonlyMap<string, number>;
  readonly maxHoldAge: number;
  /** Of a pool that is to have no nodes; undefined: there is none. */
  readonly isEmptied: ((node: KnownNode) => boolean) | undefined;
  /** An unlocked `building` node that one of our pools will take over. */
  willContinue(node: KnownNode): boolean;
}

/** Removes what nobody needs any more, frees nodes of vanished requests, and ends those past their age (launcher.md 17, 18). */
export class DeletionWorker implements Reconciler {
  readonly name = 'deletion';
  readonly #work: InFlight;
  /** Since when, monotonic milliseconds. */
  readonly #leftToMaker = new Map<string, number>();

  constructor(
    private readonly tools: LauncherTools,
    private readonly world: World,
    private readonly scope: () => DeletionScope,
    private readonly now: AbortSignal,
    nudge: () => void,
  ) {
    this.#work = new InFlight(tools, { name: 'delete node', atOnce: 200, firstMs: 1000, maxMs: 120_000 }, nudge);
  }

  pass(): Promise<{ readonly againInMs: number }> {
    if (!this.world.fresh) return Promise.resolve({ againInMs: FULL_PASS_MS });
    const scope = this.scope();
    const nowSeconds = wallSeconds(this.tools.clock);
    this.#work.keepOnly((id) => this.world.nodes.has(id));
    for (const id of this.#leftToMaker.keys()) if (!this.world.nodes.has(id)) this.#leftToMaker.delete(id);
    const providers = new Set(scope.providers.keys());
    const deletions = planDeletions({
      nodes: this.world.nodes,
      providers,
      requestExists: (it) => this.world.requests.has(it),
      willContinue: (it) => scope.willContinue(it),
      emptyAge: EMPTY_AGE_SECONDS,
      nowSeconds,
    });
    let againInMs = FULL_PASS_MS;
    for (const action of deletions) {
      const waitMs = this.world.isBehind(action.node) ? BEHIND_MS : this.#makersTurnMs(action.node, scope);
      if (waitMs > 0) againInMs = Math.min(againInMs, waitMs);
      else this.#start(action, scope);
    }
    const { maxReadyAge, maxHoldAge, isEmptied } = scope;
    const aged = planAgedNodes({ nodes: this.world.nodes, providers, maxReadyAge, maxHoldAge, isEmptied, nowSeconds });
    for (const { node, state } of aged.tooOld) this.#expire(node, state);
    const nextAgeMs = aged.nextAt === undefined ? Infinity : (aged.nextAt - nowSeconds) * 1000 + 1;
    return Promise.resolve({ againInMs: Math.min(againInMs, this.#work.nextInMs(), nextAgeMs) });
  }

  /** Resolves when the deletions under way have ended. */
  drained(): Promise<void> {
    return this.#work.ended();
  }

  #makersTurnMs(node: string, { ownPools }: DeletionScope): number {
    const maker = this.world.nodes.get(node)?.record?.launcher ?? null;
    if (maker === null || ownPools.has(maker) || !this.world.pools().some((it) => it.id === maker)) return 0;
    const now = this.tools.clock.monotonic();
    const since = this.#leftToMaker.get(node) ?? now;
    this.#leftToMaker.set(node, since);
    return Math.max(0, since + MAKERS_TURN_MS - now);
  }

  #start(action: DeletionAction, scope: DeletionScope): void {
    const { node } = action;
    if (action.kind === 'delete') {
      const provider = this.world.nodes.get(node)?.record?.provider ?? '';
      const runtime = scope.providers.get(provider);
      if (runtime === undefined) return;
      this.#begin(node, 'node could not be deleted', () =>
        deleteNode(node, runtime, this.tools, this.now, (record) => !this.#isWanted(record)),
      );
    } else if (action.kind === 'free') this.#begin(node, 'node could not be freed', () => this.#free(node));
    else this.#begin(node, 'empty node could not be removed', () => this.#erase(node));
  }

  #begin(node: string, message: string, work: () => Promise<boolean>): void {
    this.#work.start(node, work, (error) => {
      if (error instanceof ClaimLostError || this.now.aborted) return;
      logTrouble(this.tools.log, 'warn', message, error, { node });
    });
  }

  /** Looked at again under the lock: `init` of a request that lives is about to be locked by its launcher. */
  #isWanted({ state, allocatedTo }: Node): boolean {
    return state === 'init' && allocatedTo !== null && this.world.requests.has(allocatedTo);
  }

  async #free(node: string): Promise<boolean> {
    const { store } = this.tools;
    const claim = await store.nodes.claim(node, this.now);
    if (claim === undefined) return false;
    try {
      const { state, allocatedTo } = claim.current.record;
      if (state !== 'ready' || allocatedTo === null) return true;
      if ((await store.requests.get(allocatedTo)) !== undefined) return false;
      await claim.write({ allocatedTo: null });
      return true;
    } finally {
      await claim.release();
    }
  }

  async #erase(node: string): Promise<boolean> {
    if ((await this.tools.store.nodes.get(node)) !== undefined) return true;
    await this.tools.store.nodes.remove(node);
    return true;
  }

  #expire(node: string, state: 'ready' | 'hold'): void {
    this.#begin(node, 'old node could not be retired', async () => {
      const claim = await this.tools.store.nodes.claim(node, this.now);
      if (claim === undefined) return false;
      try {
        const { record } = claim.current;
        if (record.state !== state || (state === 'ready' && record.allocatedTo !== null)) return true;
        await claim.write({ state: 'deleting' });
        return true;
      } finally {
        await claim.release();
      }
    });
  }
}
