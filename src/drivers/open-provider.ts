import type { ProviderConfig } from '../config/types';
import { activities } from '../runtime/activities';
import type { DriverTools, Provider } from './driver';
import { TransientError } from './errors';
import { observed, type ObservedCall } from './observed';
import { withRateLimit } from './rate-limit';
import { driverOf } from './registry';
import { wrapProvider } from './wrap-provider';
import { withTransientRetries } from './transient-retries';

export interface OpenProviderOptions {
  /** Told of every call that reached the driver, each try by itself. */
  readonly onCall?: (call: ObservedCall) => void;
  /** Tries in total of calls that fail for the moment. */
  readonly attempts?: number;
}

/**
 * Connects a provider as the programs use it: rate limited as its driver says, repeating what fails for the moment, and
 * telling of its calls. Throws for a driver that is unknown or not in this release.
 */
export function openProvider(config: ProviderConfig, tools: DriverTools, options: OpenProviderOptions = {}): Provider {
  const driver = driverOf(config);
  const { clock, random } = tools;
  const { onCall, attempts } = options;
  const plain = listed(confirmed(driver.connect(config, tools), tools));
  const told = onCall === undefined ? plain : observed(plain, clock, onCall);
  const limited = withRateLimit(told, driver.requestDistanceMs?.(config) ?? 0, clock);
  return withTransientRetries(limited, { clock, random, ...(attempts === undefined ? {} : { attempts }) });
}

/** Each call stands in the list of what goes on. */
function listed(inner: Provider): Provider {
  return wrapProvider(inner, (call, work) => activities.track('cloud call', { provider: inner.name, call }, work));
}

/** Looks whether a call that changes something may still be made when its turn has come, and before each repetition. */
function confirmed(inner: Provider, { mayAct = () => true }: DriverTools): Provider {
  const requireCertainty = () => {
    if (!mayAct())
      throw new TransientError(inner.name, { cause: new Error('ZooKeeper may have given our part to others') });
  };
  return {
    ...wrapProvider(inner, (_call, work) => work()),
    launch: async (spec, signal) => {
      requireCertainty();
      spec.confirm?.();
      return inner.launch(spec, signal);
    },
    destroy: async (externalId, signal) => {
      requireCertainty();
      return inner.destroy(externalId, signal);
    },
  };
}
