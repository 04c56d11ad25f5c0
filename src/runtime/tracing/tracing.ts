/** A place in a trace, as one process tells it to the next (W3C Trace Context). */
export interface SpanContext {
  /** 32 digits, hex. */
  readonly traceId: string;
  /** 16 digits, hex. */
  readonly spanId: string;
  readonly traceFlags: number;
}

/** What is said of a span; what is undefined or null is not said. */
export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined | null>>;

/** A piece of work that is traced, from when it was begun until `end`. */
export interface Span {
  /** Undefined: nobody traces. */
  readonly context: SpanContext | undefined;
  /** A part of this work that begins now. */
  child(name: string, attributes?: Attributes): Span;
  set(attributes: Attributes): void;
  /** Something that happens within it. */
  event(name: string, attributes?: Attributes): void;
  /** Ends it now; with an error it has failed. Idempotent. */
  end(error?: unknown): void;
}

export interface SpanOptions {
  /** What it is a part of, elsewhere; `active`: what goes on in this program when it is begun. Default: nothing. */
  readonly parent?: SpanContext | 'active' | undefined;
  readonly attributes?: Attributes;
}

/** Where a program traces what it does. Never throws and never waits: nobody's work depends on who listens. */
export interface Tracing {
  begin(name: string, options?: SpanOptions): Span;
}

export const noSpan: Span = {
  context: undefined,
  child: () => noSpan,
  set: () => undefined,
  event: () => undefined,
  end: () => undefined,
};

/** Traces nothing. */
export const noTracing: Tracing = { begin: () => noSpan };

/** Does `work` as a part of `span`: ends the part with it. */
export async function traced<T>(
  span: Span,
  name: string,
  attributes: Attributes,
  work: (part: Span) => Promise<T>,
): Promise<T> {
  const part = span.child(name, attributes);
  try {
    const value = await work(part);
    part.end();
    return value;
  } catch (error) {
    part.end(error ?? new Error('failed'));
    throw error;
  }
}
