import type { IncomingMessage } from 'node:http';

/** The body of a request is longer than allowed. */
export class BodyTooLongError extends Error {
  override readonly name = 'BodyTooLongError';
}

/** The body of a request; empty for methods without one. Rejects with a BodyTooLongError beyond `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (request.method === 'GET' || request.method === 'HEAD') return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > maxBytes) throw new BodyTooLongError(`body is longer than ${maxBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** The fields of a posted form; none of a body of another type. */
export function formOf({ headers }: IncomingMessage, body: Buffer): URLSearchParams {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return new URLSearchParams(type === 'application/x-www-form-urlencoded' ? body.toString('utf8') : '');
}
