import { once } from 'node:events';
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { pourFile } from '../pour-file';
import type { Address } from './endpoint';

export interface FileToSend {
  readonly path: string;
  readonly bytes: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly onProgress: (bytesDone: number) => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** JSON, where it is. */
  readonly data: unknown;
}

/**
 * A request whose body is a file, however long: there is no limit of time but `signal`. An answer that comes before all of it was
 * sent is the answer. Rejects with what broke the connection, or with the signal's reason.
 */
export async function sendFile(
  to: Address & { readonly agent: Agent; readonly method: string; readonly path: string; readonly client: string },
  file: FileToSend,
  signal: AbortSignal,
): Promise<Answer> {
  signal.throwIfAborted();
  const { baseURL, path, client, ...options } = to;
  const headers = { ...file.headers, 'x-client': client, 'content-length': String(file.bytes) };
  const asked = request(new URL(path, baseURL), { ...options, headers });
  const cancel = () => asked.destroy(signal.reason as Error);
  signal.addEventListener('abort', cancel, { once: true });
  const answer = answerTo(asked);
  try {
    return await Promise.race([answer, pourFile(file.path, asked, file).then(() => answer)]);
  } finally {
    signal.removeEventListener('abort', cancel);
    if (!asked.writableFinished) asked.destroy();
  }
}

async function answerTo(asked: ClientRequest): Promise<Answer> {
  // One listener stays for errors that come late.
  asked.on('error', () => undefined);
  const [message] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const it of message as AsyncIterable<Buffer>) chunks.push(it);
  const text = Buffer.concat(chunks).toString();
  return { status: message.statusCode ?? 0, headers: message.headers, data: parsed(text) };
}

/** What an answer holds: JSON, or whatever else it is. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
