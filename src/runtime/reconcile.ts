import { type Activity, activities } from './activities';
import type { Backoff } from './backoff';
import type { Clock } from './clock';
import type { Logger } from './log';

/**
 * A reconciler looks at the whole state, decides, acts, and says when to come back. Watches only nudge it awake, so a
 * lost or doubled event costs latency and never correctness.
 */
export interface Reconciler {
  readonly name: string;
  /** One pass over the whole state, never over one event. Returns how long the world may be left alone. */
  pass(signal: AbortSignal): Promise<{ readonly againInMs: number }>;
}

/** Wakes a sleeping loop; a nudge during a pass is remembered, so the next wait ends at once. */
export class Nudge {
  readonly #waiting = new Set<() => void>();
  #pending = false;

  nudge(): void {
    this.#pending = true;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves after `ms` or at the next nudge; rejects when the signal aborts. */
  wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (this.#pending) {
        this.#pending = false;
        return resolve();
      }
      const end = (settle: () => void) => {
        timer.cancel();
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const wake = () =>
        end(() => {
          this.#pending = false;
          resolve();
        });
      const onAbort = () => end(() => reject(signal.reason as Error));
      const timer = clock.after(ms, wake);
      this.#waiting.add(wake);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

export interface PassOutcome {
  readonly name: string;
  readonly waitMs: number;
  readonly error?: unknown;
}

export interface LoopTools {
  readonly clock: Clock;
  readonly log: Logger;
  readonly nudge: Nudge;
  /** Delay after a failed pass; reset by a good one. */
  readonly backoff: Backoff;
  /** Told after every pass: metrics, and what tests wait on. */
  readonly onPass?: (outcome: PassOutcome) => void;
}

/** Runs passes until the signal aborts. A failing pass is logged and repeated after a back-off, it never ends the loop. */
export async function runReconciler(reconciler: Reconciler, tools: LoopTools, signal: AbortSignal): Promise<void> {
  const activity = activities.begin('loop', { loop: reconciler.name });
  try {
    await passes(reconciler, tools, activity, signal);
  } finally {
    activity.end();
  }
}

async function passes(
  reconciler: Reconciler,
  tools: LoopTools,
  activity: Activity,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    activity.step('pass');
    const outcome = await onePass(reconciler, tools, signal);
    if (outcome === undefined) return;
    tools.onPass?.(outcome);
    activity.step('waits to be nudged');
    await tools.nudge.wait(outcome.waitMs, tools.clock, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

async function onePass(
  reconciler: Reconciler,
  tools: LoopTools,
  signal: AbortSignal,
): Promise<PassOutcome | undefined> {
  try {
    const { againInMs } = await reconciler.pass(signal);
    tools.backoff.reset();
    return { name: reconciler.name, waitMs: againInMs };
  } catch (error) {
    if (signal.aborted) return undefined; // a pass cut short by shutdown is not a failure
    const waitMs = tools.backoff.next();
    tools.log.error('pass failed', { loop: reconciler.name, err: error, again_in_ms: Math.round(waitMs) });
    return { name: reconciler.name, waitMs, error };
  }
}
