import { isDeepStrictEqual } from 'node:util';
import { type ConfigFiles, configStamp } from '../config/load';
import { ConfigError } from '../config/problem';
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
  /** What is wrong in the files that the stamp belongs to. */
  #inFiles: string | undefined;
  /** What was said last: the same, or that they cannot be reached. */
  #problem: string | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #problemListeners = new Set<(problem: string | undefined) => void>();

  /** `load` throws if the files cannot be used: so does this constructor, unless it is given what was read `first`. */
  constructor(
    private readonly files: ConfigFiles,
    private readonly load: () => Config,
    private readonly tools: { readonly clock: Clock; readonly log: Logger; readonly metrics?: Metrics },
    first?: { readonly config: Config; readonly stamp: string },
  ) {
    this.#stamp = first?.stamp ?? configStamp(files);
    this.#config = first?.config ?? load();
    this.#report(undefined);
  }

  get current(): Config {
    return this.#config;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The listener hears of mistakes in the files, which are logged nowhere else, and of their end. */
  onProblem(listener: (problem: string | undefined) => void): () => void {
    this.#problemListeners.add(listener);
    return () => this.#problemListeners.delete(listener);
  }

  /** Looks for changes until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.tools.clock.sleep(LOOK_MS, signal).catch(() => undefined); // the loop's condition ends it
      if (!signal.aborted) this.look();
    }
  }

  /** Reads the files again if their times differ, or anyway. */
  look(when: 'if-changed' | 'anyway' = 'if-changed'): void {
    let stamp: string | undefined;
    try {
      stamp = configStamp(this.files);
      if (stamp === this.#stamp && when === 'if-changed') {
        this.#report(this.#inFiles);
        return;
      }
      this.#stamp = stamp; // also of a bad file: it is complained of once
      const config = this.load();
      this.#inFiles = undefined;
      this.#report(undefined);
      if (isDeepStrictEqual(config, this.#config)) return;
      this.#config = config;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (stamp !== undefined) this.#inFiles = problem;
      if (problem !== this.#problem && !(error instanceof ConfigError)) {
        this.tools.log.error('configuration failed to load', { err: error });
      }
      this.#report(problem);
      return;
    }
    this.tools.log.info('configuration changed', { file: this.files.file });
    for (const it of this.#listeners) it();
  }

  #report(problem: string | undefined): void {
    this.tools.metrics?.set(CONFIGURATION_OK, {}, problem === undefined ? 1 : 0);
    if (problem === this.#problem) return;
    this.#problem = problem;
    for (const it of this.#problemListeners) it(problem);
  }
}
