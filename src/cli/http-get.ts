import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';

const MAX_REDIRECTS = 3;

/**
 * Asks for `url` over a connection of its own and returns the answer, whatever its status, once its head is there. Redirects
 * are followed. Rejects with what the system says of an unreachable host, or with the signal's reason.
 */
export async function openGet(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let at = url;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await ask(at, headers, signal);
    const { location } = answer.headers;
    const isElsewhere = [301, 302, 307, 308].includes(answer.statusCode ?? 0) && location !== undefined;
    if (!isElsewhere || redirects === MAX_REDIRECTS) return answer;
    answer.destroy();
    at = new URL(location, at).href;
  }
}

function ask(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? httpsGet : httpGet;
    const request = get(url, { headers, agent: false, signal }, resolve);
    request.once('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
  });
}

/** The whole body as text. */
export async function bodyText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const it of answer) chunks.push(it as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
