import type { Operation } from './options';

/** One call as the cloud saw it. */
export interface RecordedCall {
  /** Wall milliseconds of its arrival. */
  readonly at: number;
  readonly account: string;
  readonly operation: Operation;
  /** Name or id of the thing it was about. */
  readonly subject: string;
  /** HTTP status; also of replies that were then lost. */
  readonly status: number;
  readonly delivery: 'reply' | 'drop' | 'hang';
  /** Who called, as it says of itself. */
  readonly client: string;
  /** Id of what it made, or found under the name it asked for; empty otherwise. */
  readonly made: string;
}

/** Remembers the latest calls one by one and all of them by number. Lost when the cloud ends. */
export class CallRecord {
  #calls: RecordedCall[] = [];
  readonly #counts = new Map<string, number>();
  readonly #followers = new Set<(call: RecordedCall) => void>();

  constructor(private readonly keep = 20_000) {}

  add(call: RecordedCall): void {
    this.#calls.push(call);
    if (this.#calls.length > 2 * this.keep) this.#calls = this.#calls.slice(-this.keep);
    const key = `${call.account} ${call.operation} ${call.status}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    for (const it of this.#followers) it(call);
  }

  /** Tells of each call right after it was carried out, before anything else can happen. Returns how to stop. */
  follow(follower: (call: RecordedCall) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  latest(account?: string): RecordedCall[] {
    const calls = this.#calls.slice(-this.keep);
    return account === undefined ? calls : calls.filter((it) => it.account === account);
  }

  /** `<account> <operation> <status>` → number of calls. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
