import type { Clock } from '../../runtime/clock';
import type { Answer } from './operations';

export interface Wait {
  /** The answer as it would be now. */
  readonly look: () => Answer;
  /** Of the row whose change is worth another look. */
  readonly key: string;
  readonly waitMs: number;
}

/** Clients that wait for a thing to change: woken by its change, by the time at which it changes by itself, or by theirs. */
export class Waiters {
  readonly #sleeping = new Map<string, Set<() => void>>();

  constructor(private readonly clock: Clock) {}

  changed(key: string): void {
    for (const wake of this.#sleeping.get(key) ?? []) wake();
  }

  /** The first answer that is final, or the one at the end of the wait. */
  async wait(wait: Wait, first: Answer, gone: AbortSignal): Promise<Answer> {
    const end = this.clock.monotonic() + wait.waitMs;
    let answer = first;
    while (answer.againAt !== undefined) {
      const left = end - this.clock.monotonic();
      if (left <= 0) return answer;
      await this.#pause(wait.key, Math.min(left, (answer.againAt ?? Infinity) - this.clock.wall()), gone);
      answer = wait.look();
    }
    return answer;
  }

  #pause(key: string, ms: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        timer.cancel();
        gone.removeEventListener('abort', onGone);
        this.#forget(key, wake);
        settle();
      };
      const wake = () => end(resolve);
      const onGone = () => end(() => reject(gone.reason as Error));
      const timer = this.clock.after(Math.max(1, ms), wake); // never spins, whatever the two clocks say
      if (gone.aborted) return onGone();
      gone.addEventListener('abort', onGone, { once: true });
      this.#sleeping.set(key, (this.#sleeping.get(key) ?? new Set()).add(wake));
    });
  }

  #forget(key: string, wake: () => void): void {
    const waiting = this.#sleeping.get(key);
    waiting?.delete(wake);
    if (waiting?.size === 0) this.#sleeping.delete(key);
  }
}
