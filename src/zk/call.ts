import type { Clock, Timer } from '../runtime/clock';
import type { RequestOptions } from './client';
import { ZkError } from './errors';
import type { Frame } from './jute';
import type { Request } from './request';

/** 'failed' stands for every other error, a lost link included. */
export type CallOutcome = 'ok' | 'no-node' | 'failed';

/**
 * A request on its way. Its caller hears once: the answer, an error, the deadline or its own abort, whatever is first.
 * After the latter two it keeps its place in the line, because the server still answers in order.
 */
export class Call<T = unknown> {
  xid = 0;
  frame: Frame | undefined;
  /** Monotonic milliseconds of being written to the socket, and of being submitted. */
  sentAtMs = 0;
  submittedAtMs = 0;
  /** Told once by the link, in the order of the wire and before the caller, even if the caller has given up. */
  onAnswer: ((outcome: CallOutcome) => void) | undefined;
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (error: Error) => void;
  #settled = false;
  #timer: Timer | undefined;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;
  #hasOwnDeadline = false;

  constructor(readonly request: Request<T>) {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Whether the common deadline, the session timeout, does not apply. */
  get hasOwnDeadline(): boolean {
    return this.#hasOwnDeadline;
  }

  /** Honours the caller's patience from now on. */
  limit(options: RequestOptions, clock: Clock): void {
    if (options.deadlineMs !== undefined) {
      this.#hasOwnDeadline = true;
      this.#timer = clock.after(options.deadlineMs, () => this.fail(new ZkError('DEADLINE', this.request.path)));
    }
    const { signal } = options;
    if (signal === undefined) return;
    this.#onAbort = () => this.fail(signal.reason as Error);
    if (signal.aborted) this.#onAbort();
    else {
      this.#signal = signal;
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
  }

  succeed(value: T): void {
    if (this.#settle()) this.#resolve(value);
  }

  fail(error: Error): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Ends the call without an answer of the server; there will be none. */
  abandon(error: Error): void {
    this.onAnswer?.('failed');
    this.onAnswer = undefined;
    this.fail(error);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timer?.cancel();
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }
}
