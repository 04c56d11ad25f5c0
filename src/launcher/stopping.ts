import type { Clock } from '../runtime/clock';
import { linkSignals } from '../runtime/link-signals';
import type { Logger } from '../runtime/log';
import type { StopSignals } from '../runtime/program';

/** How long a stop by INT or TERM may take: less than the 90 s that service supervisors wait before they kill. */
export const STOP_MS = 60_000;

/** The stop signals of a program, to which an order from elsewhere may be added. */
export interface Stopping extends StopSignals {
  /** As SIGUSR1: finish what is in hand, however long it takes. */
  order(by: string): void;
  close(): void;
}

/**
 * An orderly stop by INT or TERM has an end: what is not finished by then is let go, and another launcher, or this one after
 * its restart, continues with the same instances. A drain, by USR1 or by order, takes as long as the launches take.
 */
export function boundStop(
  stop: StopSignals,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Stopping {
  const ordered = new AbortController();
  const late = new AbortController();
  const drain = linkSignals(stop.drain, ordered.signal);
  const now = linkSignals(stop.now, late.signal);
  let timer: { cancel(): void } | undefined;
  const onStop = () => {
    if (!isBounded(stop.drain.reason)) return;
    timer = clock.after(STOP_MS, () => {
      log.warn('time to stop is over: what is in hand is left to others', { after_s: STOP_MS / 1000 });
      late.abort(new Error('time to stop is over'));
    });
  };
  if (stop.drain.aborted) onStop();
  else stop.drain.addEventListener('abort', onStop, { once: true });
  return {
    drain: drain.signal,
    now: now.signal,
    order: (by) => {
      if (drain.signal.aborted) return;
      log.info('told to finish', { by });
      ordered.abort(new Error(`drained by ${by}`));
    },
    close: () => {
      timer?.cancel();
      stop.drain.removeEventListener('abort', onStop);
      drain.release();
      now.release();
    },
  };
}

/** `bin` names the signal in the reason. */
function isBounded(reason: unknown): boolean {
  const signal = reason instanceof Error && 'signal' in reason ? reason.signal : undefined;
  return signal === 'SIGTERM' || signal === 'SIGINT';
}
