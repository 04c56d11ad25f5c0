import { Agent } from 'node:http';
import { linkSignals } from '../../runtime/link-signals';
import { DriverError, NoCapacityError, NotFoundError, RateLimitedError, RefusedError, TransientError } from '../errors';
import type { Endpoint } from './endpoint';
import { httpCall } from './http-call';
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

  constructor(private readonly options: ClientOptions) {}

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
      throw new TransientError(this.options.provider, { cause: error });
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
    const { endpoint, name: client, timeoutMs } = this.options;
    const to = { ...endpoint.address, agent: this.#agent, method, client };
    if (file !== undefined) return sendFile({ ...to, path: url }, file, signal);
    const path = waitMs > 0 ? `${url}?wait_ms=${waitMs}` : url;
    return httpCall({ ...to, path }, { body, timeoutMs: timeoutMs + waitMs }, signal);
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
  const { code } = error as { code?: unknown };
  return code === 'ECONNREFUSED' || code === 'ENOENT';
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
