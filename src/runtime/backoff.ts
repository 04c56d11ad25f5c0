import type { Random } from './random';

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Growth per step; 2 doubles. */
  readonly factor?: number;
}

/** Exponential delays with full-range jitter between half and whole, so that a fleet does not retry in step. */
export class Backoff {
  #step = 0;

  constructor(
    private readonly options: BackoffOptions,
    private readonly random: Random,
  ) {}

  /** How often `next` was called since the last `reset`. */
  get attempts(): number {
    return this.#step;
  }

  /** The next delay in milliseconds. */
  next(): number {
    const { firstMs, maxMs, factor = 2 } = this.options;
    const whole = Math.min(maxMs, firstMs * factor ** this.#step);
    this.#step += 1;
    return whole / 2 + (whole / 2) * this.random.next();
  }

  reset(): void {
    this.#step = 0;
  }
}
