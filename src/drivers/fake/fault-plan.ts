import type { Random } from '../../runtime/random';
import type { Fault, Operation } from './options';

interface Entry {
  readonly fault: Fault;
  seen: number;
  struck: number;
}

/** Decides which faults strike a call. Counts per fault begin anew when the plan is replaced or the cloud restarts. */
export class FaultPlan {
  readonly #entries: Entry[] = [];

  constructor(
    faults: readonly Fault[],
    private readonly random: Random,
  ) {
    for (const it of faults) this.add(it);
  }

  add(fault: Fault): void {
    this.#entries.push({ fault, seen: 0, struck: 0 });
  }

  /** `texts`: name, id and metadata values of what the call is about; asked for only if some fault wants to know. */
  strike(operation: Operation, texts: () => readonly string[]): Fault[] {
    return this.#entries.filter((it) => this.#strikes(it, operation, texts)).map((it) => it.fault);
  }

  #strikes(entry: Entry, operation: Operation, texts: () => readonly string[]): boolean {
    const { fault } = entry;
    if (fault.operation !== '*' && fault.operation !== operation) return false;
    if (fault.match !== undefined && !texts().some((it) => it.includes(fault.match!))) return false;
    if (fault.times !== undefined && entry.struck >= fault.times) return false;
    entry.seen += 1;
    if (entry.seen <= fault.after) return false;
    if (fault.probability < 1 && this.random.next() >= fault.probability) return false;
    entry.struck += 1;
    return true;
  }
}

/** A bucket of tokens: `rate` calls per second on average, `burst` at once. */
export class Throttle {
  #tokens: number;
  #at: number;

  constructor(
    private readonly rate: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Seconds to wait before asking again; 0 if this call may pass. */
  take(now: number): number {
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.rate);
    this.#at = now;
    if (this.#tokens < 1) return (1 - this.#tokens) / this.rate;
    this.#tokens -= 1;
    return 0;
  }
}
