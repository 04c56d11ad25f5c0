/**
 * What the core decides on. The message is constant so that it groups; what varies is a field; the cloud's own error is
 * the `cause`. `code` goes to metrics and logs, so its meaning never changes.
 */
export abstract class DriverError extends Error {
  abstract readonly code: 'no-capacity' | 'not-found' | 'rate-limited' | 'transient' | 'launch-failed' | 'refused';

  constructor(
    message: string,
    readonly provider: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The cloud or its quota is full: pause the pool, node `aborted`; it was not an attempt. */
export class NoCapacityError extends DriverError {
  readonly code = 'no-capacity';

  constructor(
    provider: string,
    readonly resource: string,
    options?: ErrorOptions,
  ) {
    super('provider has no capacity', provider, options);
  }
}

/** The thing is gone, or never was. The end of a deletion; for a launch a failed attempt. */
export class NotFoundError extends DriverError {
  readonly code = 'not-found';

  constructor(
    provider: string,
    readonly externalId: string,
    options?: ErrorOptions,
  ) {
    super('not found at the provider', provider, options);
  }
}

/** Asked too often: wait `retryAfterMs`, then ask again; not an attempt. */
export class RateLimitedError extends DriverError {
  readonly code = 'rate-limited';

  constructor(
    provider: string,
    readonly retryAfterMs: number,
    options?: ErrorOptions,
  ) {
    super('provider asks to slow down', provider, options);
  }
}

/** No answer, or one that says nothing about the request (network, 5xx): repeat, the outcome is unknown. */
export class TransientError extends DriverError {
  readonly code = 'transient';

  constructor(provider: string, options?: ErrorOptions) {
    super('provider did not answer properly', provider, options);
  }
}

/** The instance exists and will never run: delete it, the attempt failed, try another. */
export class LaunchFailedError extends DriverError {
  readonly code = 'launch-failed';

  constructor(
    provider: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super('instance failed to start', provider, options);
  }
}

/** The cloud will never accept this (bad flavour, bad image, no permission): do not repeat unchanged. */
export class RefusedError extends DriverError {
  readonly code = 'refused';

  constructor(
    provider: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super('provider refused the request', provider, options);
  }
}

/** An error of a cloud's, its reason and what caused it in one line: where in our code it arose tells an operator nothing. */
export function errorLine(error: Error): string {
  const reason = reasonOf(error);
  const causes: string[] = [];
  for (let it: unknown = error.cause; it instanceof Error && causes.length < 5; it = it.cause) {
    causes.push(it.message || String((it as { code?: unknown }).code ?? it.name));
  }
  // A reason is often made from the cause.
  const others = causes.filter((it) => !reason.includes(it));
  return [error.message, ...(reason === '' ? [] : [reason]), ...others].join(': ').replace(/\s*\n\s*/g, ' ');
}

function reasonOf(error: Error): string {
  if (error instanceof NoCapacityError) return error.resource;
  return error instanceof RefusedError || error instanceof LaunchFailedError ? error.reason : '';
}
