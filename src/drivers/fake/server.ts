import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { Json } from '../../model/json';
import type { Clock } from '../../runtime/clock';
import type { Logger } from '../../runtime/log';
import type { Random } from '../../runtime/random';
import { administer } from './administration';
import { Cloud, type Call, type Reply } from './cloud';
import { Journal } from './journal';
import { type Digest, digestBody, readJson } from './request-body';
import { Refusal } from './refusal';
import { routeOf } from './routes';
import { type Wait, Waiters } from './waiters';

/** Connections that may queue: whoever finds a socket's queue full is turned away at once. */
const BACKLOG = 4096;
const CLIENT_GONE = new Error('the client went away');

export interface FakeCloudOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** A path (unix socket), or a port of 127.0.0.1; 0 takes a free one. */
  readonly listen: string | number;
  /** Where the state is kept between runs; in memory only if absent. */
  readonly stateDir?: string;
}

export interface FakeCloudServer {
  readonly cloud: Cloud;
  /** `unix:<path>` or `http://127.0.0.1:<port>`: what `fake.endpoint` and NODEPOOL_FAKE_CLOUD are set to. */
  readonly endpoint: string;
  /** Since when nobody is asking, monotonic milliseconds; undefined while somebody is. */
  readonly idleSince: number | undefined;
  /** Drops all connections. The state is in its folder. */
  close(): Promise<void>;
}

/** Serves a simulated cloud over HTTP. With a state folder it goes on where the one before it stopped or was killed. */
export async function startFakeCloud(options: FakeCloudOptions): Promise<FakeCloudServer> {
  const front = new Front(options);
  await front.listen(options.listen);
  return front;
}

class Front implements FakeCloudServer {
  readonly cloud: Cloud;
  readonly #waiters: Waiters;
  readonly #journal: Journal | undefined;
  readonly #server: Server;
  #open = 0;
  #idleSince: number;

  constructor(private readonly options: FakeCloudOptions) {
    const { clock, random, stateDir } = options;
    this.#idleSince = clock.monotonic();
    this.#waiters = new Waiters(clock);
    this.#journal = stateDir === undefined ? undefined : new Journal(stateDir);
    this.cloud = new Cloud({ clock, random, onChange: (change) => this.#changed(change) });
    for (const it of this.#journal?.read() ?? []) this.cloud.restore(it);
    this.#journal?.rewrite(this.cloud.snapshot());
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
      void this.#serve(request, response);
    });
  }

  get endpoint(): string {
    const address = this.#server.address();
    return typeof address === 'string' ? `unix:${address}` : `http://127.0.0.1:${address?.port}`;
  }

  get idleSince(): number | undefined {
    return this.#open > 0 ? undefined : this.#idleSince;
  }

  async listen(where: string | number): Promise<void> {
    const address = typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' };
    this.#server.listen({ ...address, backlog: BACKLOG });
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    this.#server.closeAllConnections();
    await closed;
    this.#journal?.close();
  }

  #changed(change: Parameters<Journal['add']>[0]): void {
    if (this.#journal?.add(change) === true) this.#journal.rewrite(this.cloud.snapshot());
    this.#waiters.changed(change.key);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open += 1;
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(CLIENT_GONE);
    });
    try {
      await this.#answer(request, response, gone.signal);
    } catch (error) {
      this.#fail(request, response, error, gone.signal);
    } finally {
      this.#open -= 1;
      this.#idleSince = this.options.clock.monotonic();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const [path, query] = split(request.url ?? '/');
    const route = routeOf(request.method ?? '', path);
    if (route === undefined) {
      const body = await administer(this.cloud, request, path);
      return body === undefined
        ? send(response, 404, { error: `no such resource ${path}` })
        : send(response, 200, body);
    }
    const client = String(request.headers['x-client'] ?? '');
    const upload = route.operation === 'upload-image';
    const body = upload ? toBody(await digestBody(request), request) : await readJson(request);
    const call: Call = { ...route, client, ...(body === undefined ? {} : { body }) };
    const reply = this.cloud.perform(call);
    await this.#deliver(call, reply, response, Number(new URLSearchParams(query).get('wait_ms') ?? 0), gone);
  }

  async #deliver(call: Call, reply: Reply, response: ServerResponse, waitMs: number, gone: AbortSignal): Promise<void> {
    if (reply.delayMs > 0) await this.options.clock.sleep(reply.delayMs, gone);
    if (reply.delivery === 'hang') return void (gone.aborted || (await once(gone, 'abort')));
    if (reply.delivery === 'drop') return void response.destroy();
    if (reply.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(reply.retryAfterSeconds));
    const wait: Wait = { look: () => this.cloud.peek(call), key: call.id ?? '', waitMs };
    const answer = reply.againAt === undefined || waitMs <= 0 ? reply : await this.#waiters.wait(wait, reply, gone);
    send(response, answer.status, answer.body);
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown, gone: AbortSignal): void {
    if (gone.aborted || !request.complete) return void response.destroy(); // the client went away
    if (error instanceof Refusal) return send(response, error.status, { error: error.message });
    this.options.log.error('call failed inside the simulated cloud', { err: error, url: request.url });
    send(response, 500, { error: 'internal error of the simulated cloud' });
  }
}

function send(response: ServerResponse, status: number, body: Json): void {
  const text = status === 204 ? '' : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function split(url: string): [path: string, query: string] {
  const at = url.indexOf('?');
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/** What arrived beside what the client announced in its headers. */
function toBody(digest: Digest, request: IncomingMessage): object {
  const header = (name: string, key: string) => {
    const value = request.headers[name];
    return typeof value === 'string' ? { [key]: value } : {};
  };
  return { ...digest, ...header('x-sha256', 'expected_sha256'), ...header('x-md5', 'expected_md5') };
}
