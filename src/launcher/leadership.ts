import { Backoff } from '../runtime/backoff';
import { acquireLock } from '../zk/lock';
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
    const { clock, random, log } = this.tools;
    const { signal } = this.#stopping;
    const backoff = new Backoff({ firstMs: 500, maxMs: 30_000 }, random);
    while (!signal.aborted) {
      try {
        await this.#term(signal);
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        log.warn('election failed', { subject: this.subject, err: error });
        await clock.sleep(backoff.next(), signal).catch(() => undefined); // only ends early when stopping
      }
    }
  }

  async #term(signal: AbortSignal): Promise<void> {
    const { store, hostname } = this.tools;
    const identifier = `${hostname}-${process.pid}`; // who stands, for people: as Python's launchers say it (zk-tree 11)
    const options = { signal, identifier, parents: 'create' } as const;
    const lock = await acquireLock(store.zk, `${ELECTIONS}/${this.subject}`, options, this.tools);
    if (lock === undefined) return;
    try {
      this.#lead(lock);
      await firstAborted(signal, lock.signal);
    } finally {
      this.#lead(undefined);
      await lock.release();
    }
  }

  #lead(lock: HeldLock | undefined): void {
    this.#lock = lock;
    this.onChange();
  }
}

function firstAborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      for (const it of signals) it.removeEventListener('abort', end);
      resolve();
    };
    for (const it of signals) it.addEventListener('abort', end);
    if (signals.some((it) => it.aborted)) end();
  });
}
