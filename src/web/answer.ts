import type { IncomingHttpHeaders } from 'node:http';
import type { Rendering } from './rendering';

export type Method = 'GET' | 'HEAD' | 'POST' | 'DELETE';

/** What a route is handed. Nothing of the socket: it cannot answer twice. */
export interface WebRequest {
  readonly method: Method;
  readonly path: string;
  /** What stands where the route's path has `:name`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Of the address and of a form that was posted. */
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Empty where the method has none. */
  readonly body: Buffer;
  /** Address that the connection comes from; of a proxy, if there is one between. */
  readonly peer: string;
  /** Aborts when the client is gone, or when the server closes. */
  readonly signal: AbortSignal;
}

export type Headers = Readonly<Record<string, string>>;

/** Text that is all there. */
export interface BodyAnswer {
  readonly kind: 'body';
  readonly status: number;
  /** `Content-Type`. */
  readonly type: string;
  readonly rendering: Rendering;
  /** Whether a client may keep it, and be told that it is still the same. */
  readonly cached: boolean;
  readonly headers?: Headers;
}

/** Bytes that come piece by piece, of a known length; fewer than promised break the connection. */
export interface StreamAnswer {
  readonly kind: 'stream';
  readonly status: number;
  readonly type: string;
  readonly length: number;
  readonly headers?: Headers;
  /** Called once, or never for `HEAD`. */
  bytes(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Events that come as they happen (server-sent events), until `run` returns or the client goes. */
export interface EventsAnswer {
  readonly kind: 'events';
  run(out: EventSink, signal: AbortSignal): Promise<void>;
}

export interface ServerEvent {
  readonly event: string;
  /** May have several lines. */
  readonly data: string;
  /** What a client that reconnects says in `Last-Event-ID`. */
  readonly id?: string;
}

export interface EventSink {
  /** Resolves when the client has taken so much that more may be sent; rejects when it is gone. */
  send(event: ServerEvent): Promise<void>;
}

export type Answer = BodyAnswer | StreamAnswer | EventsAnswer;

export interface Route {
  /** `/api/v1/nodes/:id`; a `:name` stands for one part of the path. */
  readonly path: string;
  /** Default: GET, and with it HEAD. */
  readonly methods?: readonly Method[];
  handle(request: WebRequest): Answer | Promise<Answer>;
}
