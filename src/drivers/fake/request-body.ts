import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { badRequest } from './refusal';

/** What a body was, after it was thrown away. */
export interface Digest {
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
}

/** Reads a body of any length with constant memory. Rejects if the client goes away before the end. */
export async function digestBody(request: IncomingMessage): Promise<Digest> {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  const wantsMd5 = request.headers['x-md5'] !== undefined;
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    sha256.update(chunk);
    if (wantsMd5) md5.update(chunk); // twice the work: only where somebody compares it
  }
  return { size, sha256: sha256.digest('hex'), md5: md5.digest('hex') };
}

const MAX_JSON_BYTES = 1 << 20;

/** The body as JSON; undefined if there is none. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_JSON_BYTES) throw badRequest('body is too large');
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    throw badRequest('body is not JSON');
  }
}
