import type { Logger } from '../runtime/log';
import type { ServiceManager } from './notify';

/** The configuration that was asked for cannot be used; an older one is in force. */
export type ConfigProblem = string | undefined;

/**
 * How a daemon stands, for whoever asks: the service manager, the health pages, the registry. One process may be made of
 * several programs: it is ready when all are, and has a problem if one has.
 */
export class DaemonStatus {
  readonly #waiting: Set<string>;
  readonly #problems = new Map<string, string>();

  constructor(
    parts: readonly string[],
    private readonly manager: ServiceManager,
    private readonly log: Logger,
  ) {
    this.#waiting = new Set(parts);
  }

  get configProblem(): ConfigProblem {
    return [...this.#problems.values()][0];
  }

  /** `part` serves. */
  ready(part: string): void {
    if (!this.#waiting.delete(part) || this.#waiting.size > 0) return;
    this.manager.ready();
    this.#tell();
  }

  /**
   * The configuration that `part` looked at is in force, or why it is not. The log has it once, whichever part says it first,
   * and without a stack: it is a mistake in a file.
   */
  config(part: string, problem: ConfigProblem): void {
    if (this.#problems.get(part) === problem) return;
    if (problem === undefined) {
      this.#problems.delete(part);
      if (this.#problems.size === 0) this.log.info('configuration can be used again');
    } else {
      const isNews = ![...this.#problems.values()].includes(problem);
      this.#problems.set(part, problem);
      if (isNews) this.log.error('configuration cannot be used', { err: { name: 'ConfigError', message: problem } });
    }
    if (this.#waiting.size === 0) this.#tell();
  }

  #tell(): void {
    const { configProblem } = this;
    this.manager.status(
      configProblem === undefined ? 'running' : `running with an older configuration: ${configProblem}`,
    );
  }
}
