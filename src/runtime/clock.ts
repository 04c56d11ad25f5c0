/**
 * Time comes in through the door: everything that waits, stamps or measures is handed a `Clock`, so tests drive it
 * with `tests/support/fake-clock.ts` and no number of milliseconds appears in them.
 */
export interface Clock {
  /** Milliseconds since 1970; may jump. Records store it as seconds, see `wallSeconds`. */
  wall(): number;
  /** Milliseconds that only go forward: timeouts, durations, leases. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason if it aborts first. Leaves no timer behind. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms`, unless cancelled. For engines that re-arm timers; prefer `sleep` elsewhere. */
  after(ms: number, callback: () => void): Timer;
}

export interface Timer {
  /** Idempotent; the callback will not run afterwards. */
  cancel(): void;
}

/** UNIX seconds with a fraction, the unit of every time in a record (zk-tree 3). */
export function wallSeconds(clock: Clock): number {
  return clock.wall() / 1000;
}

/** The kernel's CLOCK_MONOTONIC, which other programs of this machine share, microseconds. */
export function machineMicroseconds(): bigint {
  return process.hrtime.bigint() / 1000n;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
