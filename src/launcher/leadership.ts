import { Backoff } from '../runtime/backoff';
import { elect } from '../zk/election';
import type { HeldLock } from '../zk/lock-api';
import type { LauncherTools } from './tools';

/** Besides `elections/stats`, which Python launchers know; they leave other names alone (zk-tree 11). */
const ELECTIONS = '/nodepool/elections';

/** One of all launchers does a thing that several would overdo. Whoever leads does so until its session or itself ends. */
export class Leadership {
  #lock: HeldLock | undefined;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  constructor(
    private readonly subject: string,
    private readonly tools: LauncherTools,
    private readonly onChange: () => void,
  ) {
    this.#ended = this.#campaign();
  }

  get leads(): boolean {
    return this.#lock !== undefined;
  }

  /** What we lead by; its guard keeps writes from outliving the election. */
  get term(): HeldLock | undefined {
    return this.#lock;
  }

  /** Lets another lead. */
  async resign(): Promise<void> {
    this.#stopping.abort(new Error('resigned'));
    await this.#ended;
  }

  async #campaign(): Promise<void> {
    const { store, hostname, clock, random, log } = this.tools;
    const { signal } = this.#stopping;
    const dir = `${ELECTIONS}/${this.subject}`;
    const identifier = `${hostname}-${process.pid}`; // who stands, for people: as Python's launchers say it (zk-tree 11)
    const backoff = new Backoff({ firstMs: 500, maxMs: 30_000 }, random);
    const lead = async (term: HeldLock, leading: AbortSignal) => {
      backoff.reset();
      try {
        this.#lead(term);
        await untilAborted(leading);
      } finally {
        this.#lead(undefined);
      }
    };
    while (!signal.aborted) {
      try {
        await elect(store.zk, dir, identifier, lead, signal, this.tools);
      } catch (error) {
        if (signal.aborted) return;
        log.warn('election failed', { subject: this.subject, err: error });
        await clock.sleep(backoff.next(), signal).catch(() => undefined); // only ends early when stopping
      }
    }
  }

  #lead(lock: HeldLock | undefined): void {
    this.#lock = lock;
    this.onChange();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
