import type { Clock, Timer } from '../runtime/clock';
import type { RequestOptions } from './client';
import { ZkError } from './errors';

/** A request of the model that was made and not answered yet; ends once. */
export class PendingRequest {
  #ended = false;
  #timer: Timer | undefined;
  readonly #onAbort = () => this.fail(this.options.signal?.reason as Error);

  constructor(
    readonly path: string | undefined,
    private readonly reject: (error: Error) => void,
    private readonly options: RequestOptions,
    private readonly onEnd: (request: PendingRequest) => void,
  ) {
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Needed only while the link is silent: otherwise the answer comes without time passing. */
  startDeadline(clock: Clock, defaultMs: number): void {
    this.#timer ??= clock.after(this.options.deadlineMs ?? defaultMs, () =>
      this.fail(new ZkError('DEADLINE', this.path)),
    );
  }

  fail(error: Error): void {
    this.end(() => this.reject(error));
  }

  end(settle: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.options.signal?.removeEventListener('abort', this.#onAbort);
    this.onEnd(this);
    settle();
  }
}
