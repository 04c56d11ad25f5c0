import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../log';

/** `code` of a result that is none: spans that were not taken are lost. */
const FAILED = 1;

/** Sends spans by another, and says in the log, once, that they do not arrive; and once that they do again. */
export class ToldExporter implements SpanExporter {
  #isFailing = false;

  constructor(
    private readonly inner: SpanExporter,
    private readonly log: Logger,
  ) {}

  export(spans: ReadableSpan[], told: Parameters<SpanExporter['export']>[1]): void {
    this.inner.export(spans, (result) => {
      const isFailing = Number(result.code) === FAILED;
      if (isFailing && !this.#isFailing) this.log.warn('traces cannot be sent', { why: result.error?.message });
      if (!isFailing && this.#isFailing) this.log.info('traces are sent again');
      this.#isFailing = isFailing;
      told(result);
    });
  }

  shutdown(): Promise<void> {
    return this.inner.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.inner.forceFlush?.();
  }
}
