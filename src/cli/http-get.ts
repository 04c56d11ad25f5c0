import axios from 'axios';
import type { IncomingMessage } from 'node:http';

const MAX_REDIRECTS = 3;

/**
 * Asks for `url` and returns the answer, whatever its status, once its head is there. Redirects are followed. Rejects with
 * what the system says of an unreachable host, or with the signal's reason.
 */
export async function openGet(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  try {
    const answer = await axios.get<IncomingMessage>(url, {
      headers,
      signal,
      adapter: 'http',
      responseType: 'stream',
      decompress: false,
      proxy: false, // builders are asked where the tree says they are
      maxRedirects: MAX_REDIRECTS,
      validateStatus: () => true,
    });
    return answer.data;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw axios.isAxiosError(error) && error.cause !== undefined ? error.cause : error;
  }
}

/** The whole body as text. */
export async function bodyText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const it of answer) chunks.push(it as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
