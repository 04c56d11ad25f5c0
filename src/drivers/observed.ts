import type { Clock } from '../runtime/clock';
import type { Provider } from './driver';
import { DriverError } from './errors';
import { type CallName, wrapProvider } from './wrap-provider';

/** One finished call: what metrics and debug logs are made of. */
export interface ObservedCall {
  readonly provider: string;
  readonly call: CallName;
  readonly ms: number;
  /** `ok`, the code of a driver error, `aborted` by the caller, or `error` for what no driver should throw. */
  readonly outcome: 'ok' | 'aborted' | 'error' | DriverError['code'];
  readonly error?: unknown;
}

/** Tells of every call when it ends. */
export function observed(provider: Provider, clock: Clock, onCall: (call: ObservedCall) => void): Provider {
  return wrapProvider(provider, async (call, work, signal) => {
    const started = clock.monotonic();
    const tell = (outcome: ObservedCall['outcome'], more: { error?: unknown } = {}) =>
      onCall({ provider: provider.name, call, ms: clock.monotonic() - started, outcome, ...more });
    try {
      const result = await work();
      tell('ok');
      return result;
    } catch (error) {
      tell(outcomeOf(error, signal), { error });
      throw error;
    }
  });
}

function outcomeOf(error: unknown, signal: AbortSignal): ObservedCall['outcome'] {
  if (error instanceof DriverError) return error.code;
  return signal.aborted ? 'aborted' : 'error';
}
