import type { z } from 'zod';

/** The cloud says no: an HTTP status and a sentence for whoever reads the client's log. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

export const badRequest = (message: string) => new Refusal(400, message);
export const noSuch = (kind: string, id: string) => new Refusal(404, `no ${kind} ${id}`);
export const overQuota = () => new Refusal(403, 'Quota exceeded for something');

/** The body as the schema wants it, or a 400 that names what is wrong. */
export function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map((it) => `${it.path.join('.') || 'body'}: ${it.message}`);
  throw badRequest(problems.join('; '));
}
