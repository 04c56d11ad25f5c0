import { ConfigError } from '../config/problem';
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
  #mustRead = false;
  /** What is wrong in the files that the stamp belongs to. */
  #inFiles: string | undefined;
  /** What was said last: the same, or that they cannot be reached. */
  #problem: string | undefined;

  constructor(
    private readonly source: ConfigSource,
    private readonly tools: Pick<LauncherTools, 'clock' | 'log' | 'metrics'>,
    stamp: string,
    /** Returns what to tell of it. */
    private readonly apply: (config: Config) => Promise<object>,
    /** Told what is wrong with the files, or that nothing is any more, whenever that changes; logs it. */
    private readonly onProblem: (problem: string | undefined) => void = () => undefined,
  ) {
    this.#stamp = stamp;
  }

  /** The next pass reads the files even if nobody touched them. */
  readAnyway(): void {
    this.#mustRead = true;
  }

  async pass(): Promise<{ readonly againInMs: number }> {
    const began = this.tools.clock.monotonic();
    const config = this.#read();
    this.tools.metrics?.all.set(CONFIGURATION_OK, {}, this.#problem === undefined ? 1 : 0);
    if (config !== undefined) {
      const changed = await this.apply(config);
      const ms = Math.round(this.tools.clock.monotonic() - began);
      this.tools.log.info('configuration is reloaded', { ms, ...changed });
    }
    return { againInMs: LOOK_EVERY_MS };
  }

  /** The configuration, if there is another one that can be used. */
  #read(): Config | undefined {
    let stamp: string | undefined;
    try {
      stamp = this.source.stamp();
      if (stamp === this.#stamp && !this.#mustRead) {
        this.#say(this.#inFiles);
        return undefined;
      }
      this.#stamp = stamp;
      this.#mustRead = false;
      const config = this.source.load();
      this.#inFiles = undefined;
      this.#say(undefined);
      return config;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (stamp !== undefined) this.#inFiles = problem;
      if (problem !== this.#problem && !(error instanceof ConfigError)) {
        this.tools.log.error('configuration failed to load', { err: error });
      }
      this.#say(problem);
      return undefined;
    }
  }

  #say(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.onProblem(problem);
  }
}
