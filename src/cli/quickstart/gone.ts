import { NotFoundError } from '../../drivers/errors';

/** True for the error that ends a deletion; throws every other one. */
export function isDriverGone(error: unknown): true {
  if (error instanceof NotFoundError) return true;
  throw error;
}
