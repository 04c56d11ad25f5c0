import type { Fields } from './log';

/** Something that goes on now and may take long. */
export interface Activity {
  /** What it waits for, or does, from now on. */
  step(text: string): void;
  /** It is over. Idempotent. */
  end(): void;
}

export interface ActivityReport {
  readonly name: string;
  readonly fields: Fields;
  /** Undefined: it said nothing of where it is. */
  readonly step: string | undefined;
  /** Milliseconds since it began, and since its step began. */
  readonly forMs: number;
  readonly stepForMs: number;
}

interface Entry {
  readonly name: string;
  readonly fields: Fields;
  readonly beganAt: number;
  step: string | undefined;
  stepAt: number;
}

/** Everything that goes on in a process, for whoever has to find out why nothing goes on. */
export class Activities {
  readonly #running = new Set<Entry>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  begin(name: string, fields: Fields = {}): Activity {
    const beganAt = this.now();
    const entry: Entry = { name, fields, beganAt, step: undefined, stepAt: beganAt };
    this.#running.add(entry);
    return {
      step: (text) => {
        entry.step = text;
        entry.stepAt = this.now();
      },
      end: () => void this.#running.delete(entry),
    };
  }

  /** Lists `work` for as long as it takes. */
  async track<T>(name: string, fields: Fields, work: (activity: Activity) => Promise<T>): Promise<T> {
    const activity = this.begin(name, fields);
    try {
      return await work(activity);
    } finally {
      activity.end();
    }
  }

  /** All of them, the oldest first. */
  list(): readonly ActivityReport[] {
    const now = this.now();
    return [...this.#running]
      .map(({ name, fields, beganAt, step, stepAt }) => ({
        name,
        fields,
        step,
        forMs: now - beganAt,
        stepForMs: now - stepAt,
      }))
      .sort((a, b) => b.forMs - a.forMs);
  }
}

/**
 * Those of this process. One list for all, as the runtime has one list of its handles: nothing is decided by it, and whoever
 * looks for a deadlock must not have to know who was handed which list.
 */
export const activities = new Activities();
