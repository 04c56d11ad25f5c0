import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import { type AdminTokens, TokenFileError } from './admin-tokens';
import type { BodyAnswer, WebRequest } from './answer';
import { problem } from './answers';
import { RateLimit } from './rate-limit';

/** Wrong tokens from one address; more than these are not even looked at. */
const FAILURES = { perSecond: 1, burst: 10 };

/** Lets those in who have a token. */
export class AdminGate {
  readonly #failures: RateLimit;

  constructor(
    private readonly tokens: AdminTokens,
    private readonly log: Logger,
    clock: Clock,
  ) {
    this.#failures = new RateLimit(FAILURES, clock);
  }

  /** The name of whoever asks, or the answer that turns them away. */
  async admit({ headers, peer }: WebRequest): Promise<{ readonly name: string } | BodyAnswer> {
    if (!this.#failures.has(peer)) {
      return problem(429, 'too-many-requests', 'too many wrong tokens from this address', { 'Retry-After': '10' });
    }
    const token = /^Bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? '')?.[1];
    if (token === undefined) return this.#unauthorized('send the header "Authorization: Bearer TOKEN"');
    try {
      const name = await this.tokens.nameOf(token);
      if (name !== undefined) return { name };
    } catch (error) {
      if (!(error instanceof TokenFileError)) throw error;
      this.log.error('admin tokens cannot be used', { why: error.message });
      return problem(503, 'no-tokens', "the server's file of tokens cannot be used; its log says why");
    }
    this.#failures.take(peer);
    return this.#unauthorized('this token is nobody’s');
  }

  #unauthorized(message: string): BodyAnswer {
    return problem(401, 'unauthorized', message, { 'WWW-Authenticate': 'Bearer realm="nodepool"' });
  }
}
