import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

const compress = promisify(gzip);

/** Bodies shorter than this go as they are. */
const WORTH_BYTES = 1024;

/** A body, and what is computed of it at most once. */
export class Rendering {
  readonly body: Buffer;
  /** UNIX seconds that tell this body from the ones before it; may lie up to a second ahead, and is not shown before. */
  readonly modifiedSeconds: number;
  #etag: string | undefined;
  #gzipped: Promise<Buffer> | undefined;

  constructor(body: string | Buffer, modifiedSeconds: number) {
    this.body = typeof body === 'string' ? Buffer.from(body) : body;
    this.modifiedSeconds = modifiedSeconds;
  }

  /** Weak, since it stands for the plain and the compressed body alike. */
  get etag(): string {
    this.#etag ??= `W/"${createHash('sha256').update(this.body).digest('base64url').slice(0, 22)}"`;
    return this.#etag;
  }

  get isWorthCompressing(): boolean {
    return this.body.length >= WORTH_BYTES;
  }

  gzipped(): Promise<Buffer> {
    this.#gzipped ??= compress(this.body, { level: constants.Z_BEST_SPEED });
    return this.#gzipped;
  }
}
