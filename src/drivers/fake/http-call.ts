import { type Agent, type IncomingMessage, request } from 'node:http';
import type { Address } from './endpoint';
import { type Answer, parsed } from './send-file';

export interface HttpTarget extends Address {
  readonly agent: Agent;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** What the cloud notes as the caller. */
  readonly client: string;
}

export interface HttpContent {
  /** Sent as JSON, unless undefined. */
  readonly body: unknown;
  /** Longest silence, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * One call and its answer, whatever its status. Nothing else of HTTP is needed to talk to a simulated cloud, and an HTTP
 * library would be most of what a launch there costs. Rejects with the signal's reason, or with what broke the connection.
 */
export function httpCall(
  { baseURL, socketPath, agent, method, path, client }: HttpTarget,
  { body, timeoutMs }: HttpContent,
  signal: AbortSignal,
): Promise<Answer> {
  signal.throwIfAborted();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const { hostname, port } = new URL(baseURL);
  const headers = {
    'x-client': client,
    ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  };
  const place = socketPath === undefined ? { host: hostname, port } : { socketPath };
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, agent, method, path, headers, timeout: timeoutMs });
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (error: Error) => end(() => reject(error));
    const onAbort = () => {
      fail(signal.reason as Error);
      asked.destroy();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    asked.on('error', fail); // stays, for errors that come late
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('response', (message) => readAll(message, (answer) => end(() => resolve(answer)), fail));
    asked.end(text);
  });
}

function readAll(message: IncomingMessage, done: (answer: Answer) => void, fail: (error: Error) => void): void {
  let text = '';
  message.setEncoding('utf8');
  message.on('data', (chunk: string) => (text += chunk));
  message.on('error', fail);
  message.on('end', () => done({ status: message.statusCode ?? 0, headers: message.headers, data: parsed(text) }));
}
