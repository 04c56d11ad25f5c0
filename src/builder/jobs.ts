import { activities } from '../runtime/activities';

/** Why a job was told to stop; anything else that aborts it means that its lock is gone. */
export class JobCancelled extends Error {
  override readonly name = 'JobCancelled';

  constructor(readonly reason: string) {
    super(`cancelled: ${reason}`);
  }
}

/** A job that is running. */
export interface Job {
  readonly name: string;
  /** For what counts per group, e.g. the provider. */
  readonly group: string;
}

/**
 * Work that outlives the pass that began it: at most one job of a name at a time. Whoever closes the program closes the jobs,
 * which cancels them and waits for their end.
 */
export class Jobs {
  readonly #running = new Map<string, Job & { readonly controller: AbortController; readonly ended: Promise<void> }>();
  #closed: string | undefined;

  /** `onEnd` is told after each job: a slot is free. `onCrash` hears what a job that was not cancelled should have handled. */
  constructor(
    private readonly onEnd: () => void,
    private readonly onCrash: (job: Job, error: unknown) => void,
  ) {}

  get size(): number {
    return this.#running.size;
  }

  has(name: string): boolean {
    return this.#running.has(name);
  }

  running(): readonly Job[] {
    return [...this.#running.values()];
  }

  /** How many jobs each group has. */
  groups(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { group } of this.#running.values()) counts.set(group, (counts.get(group) ?? 0) + 1);
    return counts;
  }

  /** Starts the job unless one of that name runs, or the jobs are closed. */
  start(name: string, group: string, run: (signal: AbortSignal) => Promise<void>): boolean {
    if (this.#closed !== undefined || this.#running.has(name)) return false;
    const controller = new AbortController();
    const ended = activities
      .track('job', { job: name, group }, () => run(controller.signal))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) this.onCrash({ name, group }, error);
      })
      .finally(() => {
        this.#running.delete(name);
        this.onEnd();
      });
    this.#running.set(name, { name, group, controller, ended });
    return true;
  }

  cancel(name: string, reason: string): void {
    this.#running.get(name)?.controller.abort(new JobCancelled(reason));
  }

  /** Cancels all and resolves when the last has ended. Nothing can be started afterwards. */
  async close(reason: string): Promise<void> {
    this.#closed = reason;
    const all = [...this.#running.values()];
    for (const it of all) it.controller.abort(new JobCancelled(reason));
    await Promise.all(all.map((it) => it.ended));
  }
}
