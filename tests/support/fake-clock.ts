import type { Clock, Timer } from '../../src/runtime/clock';

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Time that stands still until told to move. `untilSleeping(n)` waits for code to reach its n-th pending wait. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  #sleepers: Sleeper[] = [];
  #watchers: { readonly count: number; readonly done: () => void }[] = [];

  /** `wallMs` is what the wall clock says at the beginning. */
  constructor(private readonly wallMs = 1_700_000_000_000) {}

  wall(): number {
    return this.wallMs + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  get sleeping(): number {
    return this.#sleepers.length;
  }

  after(ms: number, callback: () => void): Timer {
    const sleeper = { at: this.#now + ms, order: this.#order++, wake: callback };
    this.#sleepers.push(sleeper);
    this.#tell();
    return {
      cancel: () => {
        this.#sleepers = this.#sleepers.filter((it) => it !== sleeper);
      },
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = () => {
        timer.cancel();
        reject(signal?.reason as Error);
      };
      const timer = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Moves time on, waking sleepers in order and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#sleepers.filter((it) => it.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#sleepers = this.#sleepers.filter((it) => it !== next);
      next.wake();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Resolves when at least `count` waits are pending. */
  untilSleeping(count = 1): Promise<void> {
    return new Promise((done) => {
      this.#watchers.push({ count, done });
      this.#tell();
    });
  }

  #tell(): void {
    const reached = this.#watchers.filter((it) => it.count <= this.#sleepers.length);
    this.#watchers = this.#watchers.filter((it) => !reached.includes(it));
    for (const it of reached) it.done();
  }
}

/**
 * Lets every promise that can settle now do so, also those that wait for files: the code under test reads real ones, and time
 * that moves on between a pass and its wait is time that the wait then misses.
 */
export async function settle(): Promise<void> {
  do {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
  } while (process.getActiveResourcesInfo().some((it) => it.startsWith('FSReq') || it === 'CloseReq'));
}
