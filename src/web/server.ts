import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo, type Socket } from 'node:net';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Answer, Method, Route } from './answer';
import { problem } from './answers';
import { publicUrl } from './public-url';
import { RateLimit, type Rate } from './rate-limit';
import { BodyTooLongError, formOf, readBody } from './read-body';
import { Router } from './router';
import { send } from './send';

export interface WebLimits {
  /** Of a request's body. */
  readonly bodyBytes: number;
  /** Of a request's line and headers. */
  readonly headerBytes: number;
  /** Until all headers are there. */
  readonly headersMs: number;
  /** Until the whole request is there. */
  readonly requestMs: number;
  /** Without a byte in either direction. */
  readonly silenceMs: number;
  readonly connections: number;
  readonly ratePerPeer: Rate;
  /** Event streams at a time. */
  readonly streams: number;
  /** How long answers under way are waited for at the end. */
  readonly closeMs: number;
}

export const WEB_LIMITS: WebLimits = {
  bodyBytes: 64 * 1024,
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  silenceMs: 60_000,
  connections: 1024,
  ratePerPeer: { perSecond: 100, burst: 300 },
  streams: 256,
  closeMs: 2_000,
};

export interface WebOptions {
  /** 0: a free one. */
  readonly port: number;
  readonly listenAddress: string;
  readonly routes: readonly Route[];
  /** Origins whose pages may read the answers, `*` for all; none by default. */
  readonly corsOrigins?: readonly string[] | undefined;
  readonly limits?: Partial<WebLimits>;
}

export interface WebTools {
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WebServer {
  readonly port: number;
  /** As reached from this host, `http://127.0.0.1:8005`. */
  readonly url: string;
  /** Takes no more, ends streams, waits a moment for other answers. Idempotent. */
  close(): Promise<void>;
}

/** The address cannot be listened at: in use, not ours, not allowed. */
export class WebListenError extends Error {
  override readonly name = 'WebListenError';
}

/** Serves `routes` over plain HTTP. Rejects with a WebListenError. */
export async function startWeb(options: WebOptions, tools: WebTools): Promise<WebServer> {
  const server = new HttpServer(options, tools);
  await server.listen();
  return server;
}

class HttpServer implements WebServer {
  readonly #server: Server;
  readonly #router: Router;
  readonly #rate: RateLimit;
  readonly #limits: WebLimits;
  readonly #closing = new AbortController();
  #streams = 0;
  #closed: Promise<void> | undefined;

  constructor(
    private readonly options: WebOptions,
    private readonly tools: WebTools,
  ) {
    this.#limits = { ...WEB_LIMITS, ...options.limits };
    this.#router = new Router(options.routes);
    this.#rate = new RateLimit(this.#limits.ratePerPeer, tools.clock);
    const { headerBytes, headersMs, requestMs, silenceMs, connections } = this.#limits;
    this.#server = createServer(
      {
        maxHeaderSize: headerBytes,
        headersTimeout: headersMs,
        requestTimeout: requestMs,
        connectionsCheckingInterval: Math.min(1_000, headersMs),
        keepAliveTimeout: 5_000,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.timeout = silenceMs;
    this.#server.maxConnections = connections;
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket as Socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const { listenAddress } = this.options;
    return publicUrl(listenAddress, this.port, isIPv6(listenAddress) ? '::1' : '127.0.0.1');
  }

  listen(): Promise<void> {
    const { port, listenAddress } = this.options;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) =>
        reject(
          new WebListenError(`cannot listen at ${listenAddress} port ${port}: ${error.message}`, { cause: error }),
        );
      this.#server.once('error', fail);
      const listening = () => {
        this.#server.off('error', fail);
        this.#server.on('error', (error) => this.tools.log.error('web server failed', { err: error }));
        resolve();
      };
      try {
        this.#server.listen({ port, host: listenAddress }, listening);
      } catch (error) {
        fail(error as Error); // not the number of a port
      }
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#closing.abort(new Error('the web server closes'));
    this.#server.closeIdleConnections();
    const patience = this.tools.clock.after(this.#limits.closeMs, () => this.#server.closeAllConnections());
    await ended;
    patience.cancel();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, log } = this.tools;
    const began = clock.monotonic();
    const gone = new AbortController();
    const abort = () => gone.abort(this.#closing.signal.reason ?? new Error('the client is gone'));
    response.once('close', () => {
      abort();
      if (this.#closing.signal.aborted) queueMicrotask(() => this.#server.closeIdleConnections());
    });
    this.#closing.signal.addEventListener('abort', abort, { once: true });
    if (this.#closing.signal.aborted) response.setHeader('Connection', 'close');
    try {
      const answer = await this.#answer(request, gone.signal);
      await this.#send(request, response, answer, gone.signal);
    } catch (error) {
      if (!gone.signal.aborted) log.error('answer failed', { path: pathOf(request), err: error });
      response.destroy();
    } finally {
      this.#closing.signal.removeEventListener('abort', abort);
      if (!request.complete) request.resume();
      const { method } = request;
      const peer = request.socket.remoteAddress;
      const ms = Math.round(clock.monotonic() - began);
      log.debug('web request', { method, path: pathOf(request), status: response.statusCode, peer, ms });
    }
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    if (!this.#rate.take(request.socket.remoteAddress ?? '')) {
      return problem(429, 'too-many-requests', 'too many requests from this address', { 'Retry-After': '1' });
    }
    const path = pathOf(request);
    const method = request.method ?? 'GET';
    const found = this.#router.find(method, path);
    switch (found.kind) {
      case 'not-found':
        return problem(404, 'not-found', 'there is nothing at this path');
      case 'bad-path':
        return problem(400, 'bad-request', 'the path is not properly encoded');
      case 'method':
        return problem(405, 'method-not-allowed', 'not with this method', { Allow: found.allowed.join(', ') });
      case 'route':
        break;
    }
    try {
      const query = new URLSearchParams(queryOf(request));
      const body = await readBody(request, this.#limits.bodyBytes);
      for (const [name, value] of formOf(request, body)) query.append(name, value);
      const { route, params } = found;
      const { headers } = request;
      const peer = request.socket.remoteAddress ?? '';
      return await route.handle({ method: method as Method, path, params, query, headers, body, peer, signal });
    } catch (error) {
      if (error instanceof BodyTooLongError) {
        return problem(413, 'body-too-long', error.message, { Connection: 'close' });
      }
      if (signal.aborted) throw error;
      this.tools.log.error('request failed', { path, err: error });
      return problem(500, 'internal', 'the request could not be answered; the log says why');
    }
  }

  async #send(request: IncomingMessage, response: ServerResponse, answer: Answer, signal: AbortSignal): Promise<void> {
    const tools = { clock: this.tools.clock, corsOrigins: this.options.corsOrigins };
    if (answer.kind === 'body') return send(request, response, answer, tools, signal);
    if (this.#streams >= this.#limits.streams) {
      const busy = problem(503, 'too-many-streams', 'too many streams are open', { 'Retry-After': '5' });
      return send(request, response, busy, tools, signal);
    }
    this.#streams += 1;
    try {
      await send(request, response, answer, tools, signal);
    } finally {
      this.#streams -= 1;
    }
  }
}

/** Something that is no proper request. The answer is not worth waiting for. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request'];
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** As sent, without query; also of the form with a host, which proxies send. */
function pathOf(request: IncomingMessage): string {
  return target(request).split('?', 1)[0]!;
}

function queryOf(request: IncomingMessage): string {
  const whole = target(request);
  const at = whole.indexOf('?');
  return at === -1 ? '' : whole.slice(at + 1);
}

function target(request: IncomingMessage): string {
  return (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '').split('#', 1)[0]!;
}
