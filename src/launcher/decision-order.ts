import type { Op } from '../zk/client';
import type { LauncherTools } from './tools';
import type { World } from './world';

export interface SharedDecision<T> {
  /** What it rests on and other launchers decide on as well; none: nobody else is concerned. */
  readonly scopes: readonly string[];
  /** Judged anew, over everything that was decided before. */
  holds(): boolean;
  /** Carries it out in one transaction with `guard`, its first steps; undefined if nothing was written. */
  write(guard: readonly Op[]): Promise<T | undefined>;
}

/**
 * Brings decisions of several launchers that use up the same limits into one order. Each scope has a mark whose version every
 * decision on it moves on, in the very transaction that carries it out. A launcher decides only when it sees all that
 * was written up to the version that it moves on from; if it was overtaken, the transaction fails as a whole, and it reads
 * the version, waits until its view has caught up, and decides anew. What is used up is counted from the records
 * alone: a mark that is lost or moved without need costs a repetition, never a wrong sum. What lowers usage needs no mark.
 */
export class DecisionOrder {
  /** Versions up to which our view shows everything. */
  readonly #seen = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly tools: Pick<LauncherTools, 'store'>,
    private readonly world: World,
  ) {}

  /** Undefined when it does not hold, or when `write` wrote nothing. One at a time, in the order of the calls. */
  carryOut<T>(decision: SharedDecision<T>, signal: AbortSignal): Promise<T | undefined> {
    if (decision.scopes.length === 0) {
      return decision.holds() ? decision.write([]) : Promise.resolve(undefined);
    }
    const turn = this.#last.then(() => this.#inTurn(decision, signal));
    this.#last = turn.catch(() => undefined); // told to whoever asked
    return turn;
  }

  async #inTurn<T>(decision: SharedDecision<T>, signal: AbortSignal): Promise<T | undefined> {
    const { marks } = this.tools.store;
    const { scopes } = decision;
    for (;;) {
      signal.throwIfAborted();
      await this.#catchUp(scopes, signal);
      if (!decision.holds()) return undefined;
      try {
        const done = await decision.write(scopes.map((it) => marks.step(it, this.#seen.get(it)!)));
        if (done !== undefined) for (const it of scopes) this.#seen.set(it, this.#seen.get(it)! + 1);
        return done;
      } catch (error) {
        for (const it of scopes) this.#seen.delete(it); // moved on by others, or perhaps by us
        if (!marks.isStale(error, scopes.length)) throw error;
      }
    }
  }

  async #catchUp(scopes: readonly string[], signal: AbortSignal): Promise<void> {
    const unknown = scopes.filter((it) => !this.#seen.has(it));
    if (unknown.length === 0 && this.world.fresh) return;
    const versions = await Promise.all(unknown.map((it) => this.tools.store.marks.read(it)));
    await this.world.settled(signal); // only now: all that belongs to these versions is older than their reading
    unknown.forEach((it, index) => this.#seen.set(it, versions[index]!));
  }
}
