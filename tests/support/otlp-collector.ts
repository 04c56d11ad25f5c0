import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it came over the wire. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** UNIX nanoseconds. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly hasFailed: boolean;
}

interface WireValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly WireValue[] };
}
type WireAttributes = readonly { readonly key: string; readonly value: WireValue }[];
interface WireSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: WireAttributes;
  readonly events?: readonly { readonly name: string }[];
  readonly status?: { readonly code?: number };
}
interface Wire {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: WireAttributes };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

/** Takes traces by OTLP over HTTP, and keeps them in memory. */
export class OtlpCollector {
  readonly spans: ReceivedSpan[] = [];
  /** Status of its answers. */
  status = 200;
  readonly #heard: (() => void)[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OtlpCollector> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (it: Buffer) => chunks.push(it));
      request.on('end', () => {
        if (collector.status === 200 && request.url === '/v1/traces') collector.#take(Buffer.concat(chunks));
        response.writeHead(collector.status, { 'content-type': 'application/json' }).end('{}');
        for (const it of collector.#heard.splice(0)) it();
      });
    }).listen(0, '127.0.0.1');
    const collector = new OtlpCollector(server);
    await once(server, 'listening');
    return collector;
  }

  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** As soon as a request has been answered. */
  heard(): Promise<void> {
    return new Promise((resolve) => this.#heard.push(resolve));
  }

  /** The trees of spans of one trace, each line a span, children in the order they began. */
  print(traceId: string): string {
    const all = this.spans.filter((it) => it.traceId === traceId).sort((a, b) => (a.start < b.start ? -1 : 1));
    const known = new Set(all.map((it) => it.spanId));
    const began = all[0]?.start ?? 0n;
    const ms = (from: bigint, to: bigint) => `${(Number(to - from) / 1e6).toFixed(1)} ms`;
    const lines = (parent: string | undefined, depth: number): string[] =>
      all
        .filter((it) => (parent === undefined ? !known.has(it.parentSpanId ?? '') : it.parentSpanId === parent))
        .flatMap((it) => {
          const title = `${'  '.repeat(depth)}${it.name}`.padEnd(30);
          const failed = it.hasFailed ? ' failed' : '';
          const line = `${title} ${it.service.padEnd(18)} +${ms(began, it.start).padEnd(10)} ${ms(it.start, it.end)}${failed}`;
          return [line, ...lines(it.spanId, depth + 1)];
        });
    return [`trace ${traceId}`, ...lines(undefined, 0)].join('\n');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  #take(body: Buffer): void {
    for (const { resource, scopeSpans } of (JSON.parse(body.toString()) as Wire).resourceSpans) {
      const service = String(plain(resource.attributes)['service.name']);
      for (const it of scopeSpans.flatMap(({ spans }) => spans)) {
        const { name, traceId, spanId } = it;
        const start = BigInt(it.startTimeUnixNano);
        const end = BigInt(it.endTimeUnixNano);
        const events = (it.events ?? []).map((event) => event.name);
        const parentSpanId = it.parentSpanId === '' ? undefined : it.parentSpanId;
        const attributes = plain(it.attributes ?? []);
        const hasFailed = it.status?.code === 2;
        this.spans.push({ service, name, traceId, spanId, parentSpanId, start, end, attributes, events, hasFailed });
      }
    }
  }
}

function plain(attributes: WireAttributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: WireValue): unknown {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plainValue);
  return value.stringValue ?? value.boolValue ?? Number(value.intValue);
}
