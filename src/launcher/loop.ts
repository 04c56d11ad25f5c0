import { Backoff } from '../runtime/backoff';
import { Nudge, type Reconciler, runReconciler } from '../runtime/reconcile';
import type { LauncherTools } from './tools';

export interface LoopOptions {
  /** Least rest between two passes, milliseconds: many events in a row cost one pass. */
  readonly restMs?: number;
}

/** A reconciler that runs until it is stopped. */
export interface Loop {
  nudge(): void;
  /** Resolves when its last pass is over. */
  stop(): Promise<void>;
}

/** Passes that take long rest as long as they took, so that a flood of events leaves time for the work itself. */
const LONGEST_REST_MS = 100;

export function startLoop(reconciler: Reconciler, tools: LauncherTools, { restMs = 0 }: LoopOptions = {}): Loop {
  const stopping = new AbortController();
  const nudge = new Nudge();
  const { clock } = tools;
  const rested: Reconciler = {
    name: reconciler.name,
    pass: async (signal) => {
      const began = clock.monotonic();
      const outcome = await reconciler.pass(signal);
      const rest = Math.max(restMs, Math.min(LONGEST_REST_MS, Math.floor(clock.monotonic() - began)));
      if (rest > 0) await clock.sleep(Math.min(rest, outcome.againInMs), signal);
      return outcome;
    },
  };
  const ended = runReconciler(
    rested,
    {
      clock,
      nudge,
      log: tools.log,
      backoff: new Backoff({ firstMs: 500, maxMs: 30_000 }, tools.random),
      ...(tools.onPass === undefined ? {} : { onPass: tools.onPass }),
    },
    stopping.signal,
  );
  return {
    nudge: () => nudge.nudge(),
    stop: async () => {
      stopping.abort(new Error('loop is stopped'));
      await ended;
    },
  };
}
