import type { ProviderConfig } from '../config/types';
import type { DriverTools, Provider } from '../drivers/driver';
import type { Clock } from '../runtime/clock';
import type { ScanTarget } from '../runtime/host-keys';
import type { Logger } from '../runtime/log';
import type { MetricSinks } from '../runtime/metrics/open-metrics';
import type { Random } from '../runtime/random';
import type { PassOutcome } from '../runtime/reconcile';
import type { Tracing } from '../runtime/tracing/tracing';
import type { Store } from '../store/api';

/** What a launcher is made of. Tests hand in their own. */
export interface LauncherTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: Store;
  /** Connects a provider; throws when its driver cannot. */
  readonly openProvider: (config: ProviderConfig, tools: DriverTools) => Provider;
  /** Scans a host for its keys until its time is over; `<type> <base64>` each. */
  readonly scanHostKeys: (target: ScanTarget, signal: AbortSignal) => Promise<readonly string[]>;
  /** As `gethostname()` says: names the component. */
  readonly hostname: string;
  /** Fully qualified: begins the id of a pool. */
  readonly fqdn: string;
  readonly version: string;
  /** Where it reports; default: nowhere. */
  readonly metrics?: MetricSinks;
  /** Where it traces; default: nowhere. */
  readonly tracing?: Tracing;
  /** Told after every pass of every loop. */
  readonly onPass?: (outcome: PassOutcome) => void;
}
