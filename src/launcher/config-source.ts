import type { Config } from '../config/types';
import { CONFIGURATION_OK } from '../runtime/metrics/configuration-metrics';
import type { Reconciler } from '../runtime/reconcile';
import type { LauncherTools } from './tools';

/** Where the configuration comes from. */
export interface ConfigSource {
  /** A text that differs when the files may have changed. Throws while they cannot be read. */
  stamp(): string;
  /** Throws with all that is wrong. */
  load(): Config;
}

const LOOK_EVERY_MS = 1000;

/** Looks after the files and applies what changed; a file that cannot be used leaves the old configuration in force. */
export class ConfigWatch implements Reconciler {
  readonly name = 'configuration';
  #stamp: string;
  /** What the stamp belongs to could be loaded. */
  #isUsable = true;

  constructor(
    private readonly source: ConfigSource,
    private readonly tools: Pick<LauncherTools, 'clock' | 'log' | 'metrics'>,
    stamp: string,
    /** Returns what to tell of it. */
    private readonly apply: (config: Config) => Promise<object>,
  ) {
    this.#stamp = stamp;
  }

  async pass(): Promise<{ readonly againInMs: number }> {
    const stamp = this.#read(() => this.source.stamp());
    if (stamp !== undefined && stamp !== this.#stamp) await this.#reload(stamp);
    this.tools.metrics?.all.set(CONFIGURATION_OK, {}, stamp !== undefined && this.#isUsable ? 1 : 0);
    return { againInMs: LOOK_EVERY_MS };
  }

  async #reload(stamp: string): Promise<void> {
    this.#stamp = stamp;
    const began = this.tools.clock.monotonic();
    const config = this.#read(() => this.source.load());
    this.#isUsable = config !== undefined;
    if (config === undefined) return;
    const changed = await this.apply(config);
    const ms = Math.round(this.tools.clock.monotonic() - began);
    this.tools.log.info('configuration is reloaded', { ms, ...changed });
  }

  #read<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.tools.log.error('configuration cannot be used', { err: error });
      return undefined;
    }
  }
}
