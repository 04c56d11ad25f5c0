import type { RawJson } from '../model/json';
import { traceContextOf, withTraceparent } from '../model/trace-context';
import type { Span, Tracing } from '../runtime/tracing/tracing';

/** What is said of a request before it has a name. */
interface AboutRequest {
  readonly labels: readonly string[];
  readonly provider?: string | null;
  readonly tenantName?: string | null;
  readonly eventId?: string | null;
}

export interface RequestTrace {
  /** What goes into the record: with the place in the trace. */
  readonly requestorData: RawJson | null;
  /** Files the request, which is traced from here to its end. */
  filed(create: () => Promise<string>): Promise<string>;
}

/**
 * Traces requests from when they are submitted until they are final, or called off; a part of what goes on in the program, or of
 * what the requestor's data says. The launcher that serves a request goes on below.
 */
export class RequestTraces {
  readonly #open = new Map<string, Span>();

  constructor(
    private readonly tracing: Tracing,
    private readonly name: string,
  ) {}

  begin({ labels, provider, tenantName, eventId }: AboutRequest, data: RawJson | null): RequestTrace {
    const span = this.tracing.begin('request nodes', {
      parent: traceContextOf(data) ?? 'active',
      attributes: {
        'nodepool.labels': labels,
        'nodepool.requestor': this.name,
        'nodepool.provider': provider,
        'nodepool.tenant': tenantName,
        'nodepool.event_id': eventId,
      },
    });
    const { context } = span;
    return {
      requestorData: context === undefined ? data : withTraceparent(data, context),
      filed: async (create) => {
        try {
          const id = await create();
          span.set({ 'nodepool.request': id });
          if (context !== undefined) this.#open.set(id, span);
          return id;
        } catch (error) {
          span.end(error);
          throw error;
        }
      },
    };
  }

  /** It is final, or called off. */
  end(id: string, state: string): void {
    const span = this.#open.get(id);
    if (span === undefined) return;
    this.#open.delete(id);
    span.set({ 'nodepool.state': state });
    span.end(state === 'failed' ? new Error('request failed') : undefined);
  }

  /** Nobody looks at the others any more. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.end(id, 'left open');
  }
}
