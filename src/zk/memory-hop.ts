import type { Random } from '../runtime/random';

/** One direction of the model's link: first in, first out, each item some turns of the microtask queue later. */
export class MemoryHop {
  readonly #queue: (() => void)[] = [];
  #running = false;
  #paused = false;
  #stopped = false;

  constructor(private readonly random: Random | undefined) {}

  push(deliver: () => void): void {
    this.#queue.push(deliver);
    this.#run();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#run();
  }

  /** Whatever was under way is lost. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
  }

  #run(): void {
    if (this.#running || this.#paused || this.#queue.length === 0) return;
    this.#running = true;
    void this.#deliver();
  }

  async #deliver(): Promise<void> {
    while (this.#queue.length > 0) {
      const turns = this.random === undefined ? 1 : 1 + Math.floor(this.random.next() * 6);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      if (this.#paused || this.#stopped) break;
      this.#queue.shift()?.();
    }
    this.#running = false;
  }
}
