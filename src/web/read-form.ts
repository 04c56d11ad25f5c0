import type { IncomingMessage } from 'node:http';

/** The body of a request is longer than allowed. */
export class BodyTooLongError extends Error {
  override readonly name = 'BodyTooLongError';
}

/** The fields of a posted form; none for a body of another type. Rejects with a BodyTooLongError beyond `maxBytes`. */
export async function readForm(request: IncomingMessage, maxBytes: number): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > maxBytes) throw new BodyTooLongError(`body is longer than ${maxBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const isForm = type === 'application/x-www-form-urlencoded';
  return new URLSearchParams(isForm ? Buffer.concat(chunks).toString('utf8') : '');
}
