import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../runtime/clock';
import type { Answer, BodyAnswer, EventsAnswer, StreamAnswer } from './answer';
import { isKnown } from './conditional';
import { EventStream } from './event-stream';
import { takesGzip } from './negotiation';

/** What every answer carries: nothing of ours is to be framed, sniffed, or run by another page. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

export interface SendTools {
  readonly clock: Clock;
  /** Origins whose pages may read answers, `*` for all; pages of others read nothing. */
  readonly corsOrigins?: readonly string[] | undefined;
}

/** Sends an answer, whole or until `signal` aborts. Rejects when the client goes in the middle. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  tools: SendTools,
  signal: AbortSignal,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  const corsOrigin = corsOriginFor(request, tools.corsOrigins ?? []);
  if (variesByOrigin(tools)) response.setHeader('Vary', 'Origin');
  if (corsOrigin !== undefined) response.setHeader('Access-Control-Allow-Origin', corsOrigin);
  if (answer.kind === 'body') return sendBody(request, response, answer, tools);
  if (answer.kind === 'stream') return sendStream(request, response, answer, signal);
  return sendEvents(request, response, answer, tools, signal);
}

async function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  answer: BodyAnswer,
  tools: SendTools,
): Promise<void> {
  const now = tools.clock.wall();
  const { rendering } = answer;
  setHeaders(response, answer);
  response.setHeader('Vary', `Accept, Accept-Encoding${variesByOrigin(tools) ? ', Origin' : ''}`);
  if (answer.cached) setCaching(response, answer, now);
  else response.setHeader('Cache-Control', 'no-store');
  if (answer.cached && answer.status === 200 && isKnown(rendering, request.headers)) {
    response.removeHeader('Content-Type');
    response.writeHead(304).end();
    return;
  }
  const zipped = rendering.isWorthCompressing && takesGzip(request.headers['accept-encoding']);
  const body = zipped ? await rendering.gzipped() : rendering.body;
  if (zipped) response.setHeader('Content-Encoding', 'gzip');
  response.setHeader('Content-Length', body.length);
  response.writeHead(answer.status).end(request.method === 'HEAD' ? undefined : body);
}

/** webapp.md 4: to be kept for a second; beyond it, an ETag. */
function setCaching(response: ServerResponse, { rendering }: BodyAnswer, now: number): void {
  const { modifiedSeconds } = rendering;
  response.setHeader('Cache-Control', 'public, max-age=1');
  response.setHeader('ETag', rendering.etag);
  if (modifiedSeconds * 1000 <= now) {
    response.setHeader('Last-Modified', new Date(modifiedSeconds * 1000).toUTCString());
  }
  response.setHeader('Expires', new Date((Math.floor(now / 1000) + 1) * 1000).toUTCString());
}

async function sendStream(
  request: IncomingMessage,
  response: ServerResponse,
  answer: StreamAnswer,
  signal: AbortSignal,
): Promise<void> {
  setHeaders(response, answer);
  response.setHeader('Content-Length', answer.length);
  response.setHeader('Cache-Control', 'no-store');
  response.writeHead(answer.status);
  if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(whole(answer, signal), { objectMode: false }), response, { signal });
}

/** Fewer bytes than were promised are an error: the client would wait for the rest for ever. */
async function* whole(answer: StreamAnswer, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of answer.bytes(signal)) {
    length += piece.length;
    yield piece;
  }
  if (length !== answer.length) throw new Error(`${length} bytes instead of ${answer.length}`);
}

async function sendEvents(
  request: IncomingMessage,
  response: ServerResponse,
  answer: EventsAnswer,
  tools: SendTools,
  signal: AbortSignal,
): Promise<void> {
  response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Accel-Buffering', 'no'); // proxies that collect answers are asked not to
  response.writeHead(200);
  if (request.method !== 'HEAD') {
    response.flushHeaders();
    const stream = new EventStream(response, tools.clock, signal);
    try {
      await answer.run(stream, signal);
    } catch (error) {
      if (!signal.aborted) throw error; // else the client is gone, or we end
    } finally {
      stream.close();
    }
  }
  response.end();
}

function variesByOrigin({ corsOrigins = [] }: SendTools): boolean {
  return corsOrigins.some((it) => it !== '*');
}

/** What goes into `Access-Control-Allow-Origin`: everybody, or the one who asks if it is on the list. */
function corsOriginFor({ headers }: IncomingMessage, allowed: readonly string[]): string | undefined {
  if (allowed.includes('*')) return '*';
  return allowed.find((it) => it === headers.origin);
}

function setHeaders(response: ServerResponse, answer: BodyAnswer | StreamAnswer): void {
  response.setHeader('Content-Type', answer.type);
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
}
