import * as api from '@opentelemetry/api';
import type { Clock } from '../clock';
import type { Attributes, Span, SpanOptions, Tracing } from './tracing';

/**
 * Tracing by a tracer of OpenTelemetry. Default: that of the SDK which the program around us has registered; without one
 * nothing is recorded, and a context that is active is handed on.
 */
export function apiTracing(clock: Clock, tracer: api.Tracer = api.trace.getTracer('nodepool')): Tracing {
  return {
    begin: (name, { parent, attributes = {} }: SpanOptions = {}) =>
      new ApiSpan(tracer, clock, name, attributes, contextOf(parent)),
  };
}

function contextOf(parent: SpanOptions['parent']): api.Context {
  if (parent === 'active') return api.context.active();
  if (parent === undefined) return api.ROOT_CONTEXT;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, { ...parent, isRemote: true });
}

class ApiSpan implements Span {
  readonly #span: api.Span;
  readonly #context: api.Context;
  #ended = false;

  constructor(
    private readonly tracer: api.Tracer,
    private readonly clock: Clock,
    name: string,
    attributes: Attributes,
    parent: api.Context,
  ) {
    this.#span = tracer.startSpan(name, { startTime: clock.wall(), attributes: said(attributes) }, parent);
    this.#context = api.trace.setSpan(parent, this.#span);
  }

  get context() {
    const context = this.#span.spanContext();
    return api.trace.isSpanContextValid(context) ? context : undefined;
  }

  child(name: string, attributes: Attributes = {}): Span {
    return new ApiSpan(this.tracer, this.clock, name, attributes, this.#context);
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(said(attributes));
  }

  event(name: string, attributes: Attributes = {}): void {
    this.#span.addEvent(name, said(attributes), this.clock.wall());
  }

  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    if (error !== undefined) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      this.#span.setAttribute('error.type', name);
      this.#span.setStatus({ code: api.SpanStatusCode.ERROR, message });
    }
    this.#span.end(this.clock.wall());
  }
}

function said(attributes: Attributes): api.Attributes {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as api.Attributes;
}
