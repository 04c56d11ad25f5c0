import type { Attributes, Span, SpanContext, SpanOptions, Tracing } from '../../src/runtime/tracing/tracing';

/** Spans in memory, in the order they were begun. */
export class RecordedTracing implements Tracing {
  readonly spans: RecordedSpan[] = [];

  begin(name: string, { parent, attributes = {} }: SpanOptions = {}): RecordedSpan {
    const span = new RecordedSpan(this, name, typeof parent === 'object' ? parent : undefined, attributes);
    this.spans.push(span);
    return span;
  }

  /** One line for each span, indented below its parent if that is of ours. */
  lines(): string[] {
    return this.spans.map((it) => {
      const failed = it.error === undefined ? '' : ` failed: ${(it.error as Error).message}`;
      return `${'  '.repeat(this.#depth(it))}${it.name}${failed}`;
    });
  }

  open(): string[] {
    return this.spans.filter((it) => !it.ended).map((it) => it.name);
  }

  #depth({ parent }: RecordedSpan): number {
    const above = this.spans.find((it) => it.context.spanId === parent?.spanId);
    return above === undefined ? 0 : 1 + this.#depth(above);
  }
}

export class RecordedSpan implements Span {
  readonly context: SpanContext;
  readonly said: Record<string, unknown>;
  readonly events: string[] = [];
  ended = false;
  error: unknown;

  constructor(
    private readonly of: RecordedTracing,
    readonly name: string,
    readonly parent: SpanContext | undefined,
    attributes: Attributes,
  ) {
    const id = (of.spans.length + 1).toString(16);
    this.context = { traceId: parent?.traceId ?? id.padStart(32, '0'), spanId: id.padStart(16, '0'), traceFlags: 1 };
    this.said = { ...attributes };
  }

  child(name: string, attributes: Attributes = {}): RecordedSpan {
    return this.of.begin(name, { parent: this.context, attributes });
  }

  set(attributes: Attributes): void {
    Object.assign(this.said, attributes);
  }

  event(name: string): void {
    this.events.push(name);
  }

  end(error?: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.error = error;
  }
}
