import { Backoff } from '../runtime/backoff';
import type { Random } from '../runtime/random';

/** Half of it at least. */
const FIRST_MS = 10_000;
const LONGEST_MS = 300_000;
/** Room that comes sooner after a decline than this waits: where nodes come and go, others may be faster each time. */
const SPACING_MS = 1000;

/** Id of a pool -> how many nodes of one label fit into it now. */
export type Room = ReadonlyMap<string, number>;

interface Rest {
  readonly backoff: Backoff;
  beganMs: number;
  untilMs: number;
  /** Only for lack of room: the least that was seen since. */
  leastRoom: Map<string, number> | undefined;
}

/**
 * Labels whose min-ready request failed lately, and how long none is filed for them. One that every pool declined ends its
 * rest as soon as there is more room for it than since: each gain counts once, and none is needed where nothing was freed.
 */
export class MinReadyRests {
  readonly #rests = new Map<string, Rest>();

  constructor(private readonly random: Random) {}

  /** A request has failed; `room` only if every pool had declined it. Requests filed together are one failure. */
  begin(label: string, now: number, room?: Room): void {
    const rest = this.#rests.get(label) ?? this.#add(label);
    if (rest.untilMs > now) {
      if (room === undefined) rest.leastRoom = undefined;
      return;
    }
    rest.beganMs = now;
    rest.untilMs = now + rest.backoff.next();
    rest.leastRoom = room === undefined ? undefined : new Map(room);
  }

  /** A request was fulfilled. */
  end(label: string): void {
    this.#rests.delete(label);
  }

  /** Ends rests for lack of room where there is more of it by now. */
  notice(now: number, roomOf: (label: string) => Room): void {
    for (const [label, rest] of this.#rests) {
      if (rest.leastRoom === undefined || rest.untilMs <= now) continue;
      const room = roomOf(label);
      const isMore = [...room].some(([pool, fits]) => fits > (rest.leastRoom?.get(pool) ?? 0));
      if (!isMore) {
        rest.leastRoom = new Map(room);
        continue;
      }
      rest.leastRoom = undefined; // this gain is used up
      rest.backoff.reset();
      rest.untilMs = Math.min(rest.untilMs, Math.max(now, rest.beganMs + SPACING_MS));
    }
  }

  /** Whether a request failed and none was fulfilled since. */
  has(label: string): boolean {
    return this.#rests.has(label);
  }

  /** Labels at rest, and for how many milliseconds yet. */
  left(now: number): ReadonlyMap<string, number> {
    const all = [...this.#rests].map(([label, it]) => [label, it.untilMs - now] as const);
    return new Map(all.filter(([, ms]) => ms > 0));
  }

  #add(label: string): Rest {
    const backoff = new Backoff({ firstMs: FIRST_MS, maxMs: LONGEST_MS }, this.random);
    const rest: Rest = { backoff, beganMs: 0, untilMs: 0, leastRoom: undefined };
    this.#rests.set(label, rest);
    return rest;
  }
}
