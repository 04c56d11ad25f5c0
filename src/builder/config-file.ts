import { isDeepStrictEqual } from 'node:util';
import { type ConfigFiles, configStamp } from '../config/load';
import type { Config } from '../config/types';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import { CONFIGURATION_OK } from '../runtime/metrics/configuration-metrics';
import type { Metrics } from '../runtime/metrics/metrics';
import type { ConfigSource } from './settings';

/** How often the files' times are looked at. */
const LOOK_MS = 1_000;

/**
 * The configuration in the files, read again when one of them changes (config.md 13). While it cannot be read, the last
 * good one stays in force: a typing error must not stop builds and clean-up of what has nothing to do with it.
 */
export class ConfigFile implements ConfigSource {
  #config: Config;
  #stamp: string;
  /** What the stamp belongs to could be loaded. */
  #isUsable = true;
  readonly #listeners = new Set<() => void>();

  /** `load` throws if the files cannot be used: so does this constructor, for the first time. */
  constructor(
    private readonly files: ConfigFiles,
    private readonly load: () => Config,
    private readonly tools: { readonly clock: Clock; readonly log: Logger; readonly metrics?: Metrics },
  ) {
    this.#stamp = configStamp(files);
    this.#config = load();
    this.#report(true);
  }

  get current(): Config {
    return this.#config;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks for changes until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.tools.clock.sleep(LOOK_MS, signal).catch(() => undefined); // the loop's condition ends it
      if (!signal.aborted) this.look();
    }
  }

  /** Reads the files again if their times differ. */
  look(): void {
    try {
      const stamp = configStamp(this.files);
      if (stamp === this.#stamp) {
        this.#report(this.#isUsable);
        return;
      }
      this.#isUsable = false;
      this.#stamp = stamp; // also of a bad file: it is complained of once
      const config = this.load();
      this.#isUsable = true;
      this.#report(true);
      if (isDeepStrictEqual(config, this.#config)) return;
      this.#config = config;
    } catch (error) {
      this.tools.log.error('configuration cannot be read, the last good one stays in force', { err: error });
      this.#report(false);
      return;
    }
    this.tools.log.info('configuration changed', { file: this.files.file });
    for (const it of this.#listeners) it();
  }

  #report(isOk: boolean): void {
    this.tools.metrics?.set(CONFIGURATION_OK, {}, isOk ? 1 : 0);
  }
}
