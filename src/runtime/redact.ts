const SECRET_NAME = /pass(word|wd|phrase)?$|secret|token|credential|authorization|api[-_]?key|private[-_]?key|cookie/i;
const MASK = '********';

/**
 * A copy of `value` fit for logs and the web: whatever stands under a key that names a secret is masked, also inside
 * nested objects; errors keep name, message, stack and cause but lose attached requests and configurations (HTTP
 * clients hang headers with tokens on their errors).
 */
export function redact(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return plainError(value, depth);
  if (Array.isArray(value)) return depth > 6 ? '[…]' : value.map((it) => redact(it, depth + 1));
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (depth > 6) return '{…}';
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET_NAME.test(key) && inner !== undefined && inner !== null ? MASK : redact(inner, depth + 1),
    ]),
  );
}

function plainError(error: Error, depth: number): object {
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  const inner = error instanceof AggregateError ? error.errors : undefined;
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined || depth > 6 ? {} : { cause: redact(cause, depth + 1) }),
    ...(inner === undefined || depth > 6 ? {} : { errors: redact(inner, depth + 1) }),
  };
}
