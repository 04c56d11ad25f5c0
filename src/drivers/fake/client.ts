import axios, { type AxiosInstance, isAxiosError } from 'axios';
import { Agent } from 'node:http';
import { linkSignals } from '../../runtime/link-signals';
import { DriverError, NoCapacityError, NotFoundError, RateLimitedError, RefusedError, TransientError } from '../errors';
import type { Endpoint } from './endpoint';
import { type Answer, type FileToSend, sendFile } from './send-file';

export interface CallOptions {
  readonly body?: unknown;
  /** Whose content is sent instead of a body. */
  readonly file?: FileToSend;
  /** The cloud may hold the answer back this long while nothing changes. */
  readonly waitMs?: number;
  /** For `NotFoundError`. */
  readonly subject?: string;
  /** Called right before each try; what it throws is the outcome. */
  readonly confirm?: (() => void) | undefined;
}

export interface ClientOptions {
  readonly provider: string;
  readonly account: string;
  readonly endpoint: Endpoint;
  readonly timeoutMs: number;
  /** What the cloud notes as the caller. */
  readonly name: string;
}

/** HTTP to one account of a simulated cloud. Every failure is a `DriverError`, or the reason of the caller's signal. */
export class CloudClient {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  readonly #closed = new AbortController();
  readonly #http: AxiosInstance;

  constructor(private readonly options: ClientOptions) {
    this.#http = axios.create({
      ...options.endpoint.address,
      httpAgent: this.#agent,
      adapter: 'http',
      proxy: false, // whatever the environment says: the cloud is on this machine
      maxRedirects: 0,
      maxBodyLength: Infinity,
      maxContentLength: Infinity,
      decompress: false,
      validateStatus: () => true,
      headers: { 'x-client': options.name },
    });
  }

  /** The answer's body. `path` is below the account. */
  async call<T>(method: string, path: string, signal: AbortSignal, options: CallOptions = {}): Promise<T> {
    const url = `/v1/${encodeURIComponent(this.options.account)}/${path}`;
    return (await this.#guarded(signal, (linked) => this.#request(method, url, linked, options))) as T;
  }

  /** Through the other door: replaces the options of the account. */
  async configure(body: unknown, signal: AbortSignal): Promise<void> {
    const url = `/admin/${encodeURIComponent(this.options.account)}/options`;
    await this.#guarded(signal, (linked) => this.#request('PUT', url, linked, { body }));
  }

  /** Aborts calls in progress; later ones fail. */
  close(): void {
    this.#closed.abort(new Error('provider is closed'));
    this.#agent.destroy();
  }

  async #guarded<T>(signal: AbortSignal, work: (linked: AbortSignal) => Promise<T>): Promise<T> {
    const linked = linkSignals(signal, this.#closed.signal);
    try {
      return await work(linked.signal);
    } catch (error) {
      if (error instanceof DriverError) throw error;
      if (error instanceof Unconfirmed) throw error.cause;
      if (signal.aborted) throw signal.reason;
      throw new TransientError(this.options.provider, { cause: lean(error) });
    } finally {
      linked.release();
    }
  }

  async #request(method: string, url: string, signal: AbortSignal, options: CallOptions): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(method, url, signal, options);
      } catch (error) {
        // Nobody listened, so nothing was done: safe to ask again, unless the data are spent.
        if (attempt > 1 || !nobodyListens(error) || options.file !== undefined) throw error;
        signal.throwIfAborted();
        await this.options.endpoint.revive(signal);
      }
    }
  }

  async #once(method: string, url: string, signal: AbortSignal, options: CallOptions): Promise<unknown> {
    confirm(options);
    const response = await this.#ask(method, url, signal, options);
    if (response.status < 300) return response.data;
    const retryAfter = Number(response.headers['retry-after'] ?? 0);
    throw failure(this.options.provider, response.status, messageOf(response.data), retryAfter, options.subject ?? url);
  }

  #ask(method: string, url: string, signal: AbortSignal, options: CallOptions): Promise<Answer> {
    const { body, file, waitMs = 0 } = options;
    if (file !== undefined) {
      const { address } = this.options.endpoint;
      return sendFile({ ...address, agent: this.#agent, method, path: url, client: this.options.name }, file, signal);
    }
    return this.#http.request<unknown>({
      method,
      url,
      signal,
      timeout: this.options.timeoutMs + waitMs,
      ...(body === undefined ? {} : { data: body }),
      ...(waitMs > 0 ? { params: { wait_ms: waitMs } } : {}),
    });
  }
}

/** What an answer that is not a success means (drivers.md 2: quota errors are told by their text). */
function failure(provider: string, status: number, message: string, retryAfterSeconds: number, subject: string) {
  const options = { cause: new Error(`${status}: ${message}`) };
  if (status === 404) return new NotFoundError(provider, subject, options);
  if (status === 429) return new RateLimitedError(provider, retryAfterSeconds * 1000, options);
  if (/quota exceeded|number of ports exceeded/i.test(message)) return new NoCapacityError(provider, message, options);
  if (status >= 500 || status === 408) return new TransientError(provider, options);
  return new RefusedError(provider, message, options);
}

function messageOf(body: unknown): string {
  const error = (body as { error?: unknown } | null)?.error;
  return typeof error === 'string' ? error : 'no message';
}

function nobodyListens(error: unknown): boolean {
  return isAxiosError(error) && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT');
}

/** Tells what `confirm` has thrown from what went wrong with the call. */
class Unconfirmed extends Error {}

function confirm(options: CallOptions): void {
  try {
    options.confirm?.();
  } catch (error) {
    throw new Unconfirmed('not asked', { cause: error });
  }
}

/** Without the request and its configuration, which axios hangs on its errors. */
function lean(error: unknown): unknown {
  return isAxiosError(error) ? new Error(`${error.code ?? 'error'}: ${error.message}`) : error;
}
