import { isDeepStrictEqual } from 'node:util';
import { afterFailure, type FailureCause, type Retry, type RetryPolicy, retryWaitMs } from '../decide/build-retry';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';
import type { OnBuilderEvent } from './events';

export interface Failure {
  readonly cause: FailureCause;
  readonly message: string;
  readonly requestedAt?: number | undefined;
  /** What the cloud asked for: the next try is not before. */
  readonly atLeastMs?: number;
}

/** What failed and when to try it again, by name. In memory: a restarted builder begins afresh. */
export class Retries {
  readonly #entries = new Map<string, { readonly retry: Retry; readonly basis: unknown }>();
  readonly #postponed = new Map<string, number>();

  constructor(
    private readonly policy: RetryPolicy,
    private readonly tools: { readonly clock: Clock; readonly random: Random },
    private readonly onEvent: OnBuilderEvent,
  ) {}

  /** Everything that waits. */
  all(): ReadonlyMap<string, Retry> {
    return new Map([...this.#entries].map(([name, { retry }]) => [name, retry]));
  }

  /** `basis` is the configuration that was tried: another one is tried at once. */
  failed(name: string, failure: Failure, basis?: unknown): void {
    const nowMs = this.tools.clock.monotonic();
    const next = afterFailure(this.#entries.get(name)?.retry, failure, this.policy, nowMs, this.tools.random.next());
    const retry = { ...next, nextTryMs: Math.max(next.nextTryMs, nowMs + (failure.atLeastMs ?? 0)) };
    this.#entries.set(name, { retry, basis });
    this.onEvent({ kind: 'retry', what: name, retry, waitMs: retry.nextTryMs - nowMs });
  }

  succeeded(name: string): void {
    this.#entries.delete(name);
    this.#postponed.delete(name);
  }

  /**
   * Nothing failed, somebody else was at it or the view was a moment old: not again at once, because our own attempt is a
   * change that wakes us.
   */
  postpone(name: string): void {
    const { clock, random } = this.tools;
    this.#postponed.set(name, clock.monotonic() + POSTPONED_MS * (0.5 + random.next()));
  }

  /** Milliseconds until it may be tried; 0 = now. */
  waitMs(name: string, options: { readonly basis?: unknown; readonly requestedAt?: number | undefined } = {}): number {
    const nowMs = this.tools.clock.monotonic();
    const postponedMs = Math.max(0, (this.#postponed.get(name) ?? 0) - nowMs);
    const entry = this.#entries.get(name);
    if (entry === undefined || !isDeepStrictEqual(entry.basis, options.basis)) return postponedMs;
    return Math.max(postponedMs, retryWaitMs(entry.retry, nowMs, options.requestedAt));
  }

  /** Forgets what nobody asks about any more. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of [...this.#entries.keys(), ...this.#postponed.keys()]) {
      if (!names.has(name)) this.succeeded(name);
    }
  }
}

const POSTPONED_MS = 1_000;
