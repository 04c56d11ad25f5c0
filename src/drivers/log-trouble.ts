import type { Fields, Logger } from '../runtime/log';
import { DriverError, errorLine } from './errors';

/**
 * Logs what went wrong while a cloud was asked. Of a cloud's error one line says all there is, and where in our code it arose
 * shows at debug; anything else is a fault of ours, with its stack. `isExpected`: other errors that are no fault of ours either.
 */
export function logTrouble(
  log: Logger,
  level: 'info' | 'warn' | 'error',
  message: string,
  error: unknown,
  fields: Fields = {},
  isExpected = error instanceof DriverError,
): void {
  if (!isExpected || !(error instanceof Error)) return log[level](message, { ...fields, err: error });
  const code = error instanceof DriverError ? { code: error.code } : {};
  log[level](message, { ...fields, ...code, why: errorLine(error) });
  log.debug('where that error arose', { ...fields, err: error });
}
