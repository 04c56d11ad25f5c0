import { BUILDER, BUILDER_SETUP_ERRORS, builderOn } from '../builder/command';
import { daemon } from '../daemon/daemon';
import type { DaemonBase } from '../daemon/daemon-base';
import type { DaemonFlags } from '../daemon/daemon-flags';
import { LAUNCHER, LAUNCHER_SETUP_ERRORS, launcherOn } from '../launcher/command';
import { linkSignals } from '../runtime/link-signals';

/**
 * `nodepoold`: launcher and builder in one process, on one session of ZooKeeper; the program of releases before 3.0, by its
 * flags (cli.md 11), for small sites.
 */
export const main = daemon({
  name: 'nodepoold',
  parts: partsOf,
  setupErrors: [...LAUNCHER_SETUP_ERRORS, ...BUILDER_SETUP_ERRORS],
  run: runParts,
});

function partsOf({ builder }: DaemonFlags): readonly string[] {
  return builder ? [LAUNCHER, BUILDER] : [LAUNCHER];
}

/** One that fails, or is told to end by an operator, takes the other along, in order; the daemon is up when both are. */
async function runParts(base: DaemonBase): Promise<void> {
  const failed = new AbortController();
  const drained = new AbortController();
  const drain = linkSignals(base.stop.drain, failed.signal, drained.signal);
  const waiting = new Set(partsOf(base.flags));
  const up = (part: string) => () => {
    if (waiting.delete(part) && waiting.size === 0) base.up();
  };
  const shared = { ...base, stop: { drain: drain.signal, now: base.stop.now } };
  const halves: Promise<void>[] = [];
  const start = (work: Promise<void>) => {
    halves.push(work);
    work.then(
      () => drained.abort(new Error('the other half of the daemon was told to end')),
      (error: unknown) => {
        // As by TERM: the other one has a minute to finish what it has in hand.
        const reason = new Error('the other half of the daemon has failed', { cause: error });
        if (!drain.signal.aborted) failed.abort(Object.assign(reason, { signal: 'SIGTERM' }));
      },
    );
  };
  try {
    start(launcherOn(shared, up(LAUNCHER)));
    if (base.flags.builder) start(builderOn(shared, up(BUILDER)));
    const ends = await Promise.allSettled(halves);
    if (failed.signal.aborted) throw (failed.signal.reason as Error).cause;
    for (const it of ends) if (it.status === 'rejected' && it.reason !== drained.signal.reason) throw it.reason;
  } finally {
    drain.release();
  }
}
