import type { Clock, Timer } from '../runtime/clock';
import { inMicrotask } from '../runtime/turn';
import type { ReadOp, ReadResult } from './client';
import type { Backlog } from './tree-api';

/** What is wanted of a path. */
export interface Want {
  readonly data?: boolean;
  readonly children?: boolean;
  /** Part of a walk over the whole tree. */
  readonly walk?: boolean;
}

export type Answer = Exclude<ReadResult, { readonly op: 'error' }> | { readonly op: 'gone' };

export interface FetcherHooks {
  read(ops: readonly ReadOp[]): Promise<readonly ReadResult[]>;
  /** A result that may be believed. What it makes wanted of a walk must be asked for before it returns. */
  apply(path: string, answer: Answer, walk: boolean): void;
  /** The last path of a walk was read. */
  onWalked(): void;
  /** Reading failed, for one path or for all; `clear` is expected. */
  onFailed(error: unknown): void;
  /** How many milliseconds of waiting what now may be read must have had, or wait on: asked whenever its turn comes. */
  restMs?(path: string): number;
}

interface Wanted {
  data: boolean;
  children: boolean;
  walk: boolean;
}

interface Entry {
  readonly path: string;
  /** Wanted and not asked for yet. */
  next: Wanted | undefined;
  /** Asked for and not answered yet. */
  flight: Wanted | undefined;
  /** An event told of the end of the znode that is being read: believe nothing of the answer. */
  discard: boolean;
  /** Waiting for the flight, and for the one after it. */
  waiting: (() => void)[];
  waitingForNext: (() => void)[];
  /** Wanted, and in no hurry. */
  isLater: boolean;
  /** Since when, monotonic milliseconds; only of those in no hurry. */
  sinceMs: number;
}

interface Read {
  readonly entry: Entry;
  readonly op: ReadOp;
}

/** Of some 1 kB each: larger batches gain little, and an answer should stay below 1 MB (zookeeper-client 8). */
const BATCH_PATHS = 50;
const BATCHES_IN_FLIGHT = 4;
/** Where that many paths came together while they waited, the next ones wait longer, and more of them change twice before they are read. */
const FEW_PATHS = 10;
const MAX_STRETCH = 4;

/**
 * Reads paths in batches, a few batches at a time. One read of a path is under way at most; whoever wants it again meanwhile
 * gets one more afterwards, however often it was wanted.
 */
export class TreeFetcher {
  readonly #entries = new Map<string, Entry>();
  #queue: Entry[] = [];
  /** Not in the queue yet. */
  readonly #later = new Set<Entry>();
  #laterTimer: Timer | undefined;
  /** How many times longer than asked for the next ones wait. */
  #stretch = 1;
  #batches = 0;
  #walking = 0;
  #isPumpDue = false;
  /** Changes with `clear`: answers from before are dropped. */
  #era = 0;

  constructor(
    private readonly hooks: FetcherHooks,
    private readonly clock: Clock,
  ) {}

  want(path: string, want: Want): void {
    const entry = this.#note(path, want);
    if (entry.isLater) this.#hurry(entry);
    this.#pumpSoon();
  }

  /**
   * Reads it within `ms`, together with what else is wanted until then: what changes often is read once. While much changes it
   * may take up to four times as long.
   */
  wantWithin(ms: number, path: string, want: Want): void {
    const isQueued = this.#entries.get(path)?.next !== undefined;
    const entry = this.#note(path, want, true);
    if (isQueued || entry.flight !== undefined) return this.#pumpSoon();
    entry.isLater = true;
    entry.sinceMs = this.clock.monotonic();
    this.#later.add(entry);
    this.#laterTimer ??= this.#turnAfter(ms);
  }

  #turnAfter(ms: number): Timer {
    return this.clock.after(ms * this.#stretch, () => {
      this.#laterTimer = undefined;
      const due = this.#due();
      this.#stretch = Math.min(MAX_STRETCH, Math.max(1, due.length / FEW_PATHS));
      for (const it of due) this.#hurry(it);
      if (this.#later.size > 0) this.#laterTimer = this.#turnAfter(ms);
      this.#pumpSoon();
    });
  }

  #due(): readonly Entry[] {
    const { restMs } = this.hooks;
    if (restMs === undefined) return [...this.#later];
    const now = this.clock.monotonic();
    return [...this.#later].filter((it) => now >= it.sinceMs + restMs(it.path));
  }

  #hurry(entry: Entry): void {
    entry.isLater = false;
    this.#later.delete(entry);
    this.#queue.push(entry);
  }

  #hurryAll(): void {
    this.#laterTimer?.cancel();
    this.#laterTimer = undefined;
    for (const it of this.#later) this.#hurry(it);
    this.#pumpSoon();
  }

  #note(path: string, want: Want, later = false): Entry {
    let entry = this.#entries.get(path);
    if (entry === undefined) {
      entry = {
        path,
        next: undefined,
        flight: undefined,
        discard: false,
        waiting: [],
        waitingForNext: [],
        isLater: false,
        sinceMs: 0,
      };
      this.#entries.set(path, entry);
    }
    if (entry.next === undefined) {
      entry.next = { data: false, children: false, walk: false };
      if (entry.flight === undefined && !later) this.#queue.push(entry);
    }
    if (want.data === true) entry.next.data = true;
    if (want.children === true) entry.next.children = true;
    if (want.walk === true && !entry.next.walk) {
      entry.next.walk = true;
      this.#walking += 1;
    }
    return entry;
  }

  get backlog(): Backlog {
    const waiting = this.#queue.length + this.#later.size;
    return { waiting, reading: this.#entries.size - waiting };
  }

  /** Wanted, or being read. */
  isBehind(path: string): boolean {
    return this.#entries.has(path);
  }

  isReading(path: string): boolean {
    return this.#entries.get(path)?.flight !== undefined;
  }

  /** The znode that is being read is gone: its answer is dropped, and it is read once more. */
  discard(path: string, want: Want): void {
    const entry = this.#entries.get(path);
    if (entry?.flight !== undefined) entry.discard = true;
    this.want(path, entry?.flight?.walk === true ? { ...want, walk: true } : want);
  }

  /** A znode is gone, and an event would tell if it came again: what still waits to be read of it is not read. */
  forget(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined || !entry.isLater || entry.next?.walk === true) return;
    this.#entries.delete(path);
    this.#later.delete(entry);
  }

  /** Resolves when everything wanted so far was read, or forgotten by `clear`. */
  async drained(): Promise<void> {
    this.#hurryAll();
    const entries = [...this.#entries.values()];
    await Promise.all(
      entries.map(
        (it) => new Promise<void>((done) => (it.next === undefined ? it.waiting : it.waitingForNext).push(done)),
      ),
    );
  }

  clear(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    this.#queue = [];
    this.#later.clear();
    this.#laterTimer?.cancel();
    this.#laterTimer = undefined;
    this.#batches = 0;
    this.#walking = 0;
    this.#era += 1;
    for (const it of entries) for (const done of [...it.waiting, ...it.waitingForNext]) done();
  }

  /** In the next microtask, so that the events of one packet make one batch. */
  #pumpSoon(): void {
    if (this.#isPumpDue || this.#batches >= BATCHES_IN_FLIGHT) return;
    this.#isPumpDue = true;
    inMicrotask(() => {
      this.#isPumpDue = false;
      while (this.#batches < BATCHES_IN_FLIGHT && this.#queue.length > 0) {
        void this.#fetch(this.#queue.splice(0, BATCH_PATHS));
      }
    });
  }

  async #fetch(entries: readonly Entry[]): Promise<void> {
    const era = this.#era;
    const reads = entries.flatMap(takeOff);
    this.#batches += 1;
    let results: readonly ReadResult[];
    try {
      results = await this.hooks.read(reads.map((it) => it.op));
    } catch (error) {
      if (era === this.#era) this.hooks.onFailed(error);
      return;
    }
    for (const [at, result] of results.entries()) {
      if (era !== this.#era) return;
      this.#answer(reads[at]!.entry, result);
    }
    if (era !== this.#era) return;
    this.#batches -= 1;
    const walked = entries.map((it) => this.#land(it)).includes(true);
    this.#pumpSoon();
    if (walked && this.#walking === 0) this.hooks.onWalked();
  }

  #answer(entry: Entry, result: ReadResult): void {
    if (entry.discard) return;
    const walk = entry.flight?.walk === true;
    if (result.op !== 'error') this.hooks.apply(entry.path, result, walk);
    else if (!isGone(result.error)) this.hooks.onFailed(result.error);
    // Wanted again meanwhile: perhaps because it was made, so let that read decide.
    else if (entry.next === undefined) this.hooks.apply(entry.path, { op: 'gone' }, walk);
  }

  /** Whether it was part of a walk. */
  #land(entry: Entry): boolean {
    const walk = entry.flight?.walk === true;
    if (walk) this.#walking -= 1;
    entry.flight = undefined;
    entry.discard = false;
    const { waiting } = entry;
    entry.waiting = [];
    if (entry.next === undefined) this.#entries.delete(entry.path);
    else this.#queue.push(entry);
    for (const done of waiting) done();
    return walk;
  }
}

function takeOff(entry: Entry): Read[] {
  const flight = entry.next ?? { data: true, children: false, walk: false };
  entry.flight = flight;
  entry.next = undefined;
  entry.waiting = entry.waitingForNext;
  entry.waitingForNext = [];
  const { path } = entry;
  return [
    ...(flight.data ? [{ entry, op: { op: 'get' as const, path } }] : []),
    ...(flight.children ? [{ entry, op: { op: 'children' as const, path } }] : []),
  ];
}

function isGone(error: Error): boolean {
  return 'code' in error && error.code === 'NO_NODE';
}
