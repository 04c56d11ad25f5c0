import { addUsage, NO_USAGE, type Usage } from './model';
import { type Change, Table } from './tables';

/** The highest that usage ever was: what tests of limits compare with the limits. */
export class Peaks {
  readonly table: Table<'peaks'>;
  readonly #now = new Map<string, Usage>();

  constructor(tell: (change: Change) => void) {
    this.table = new Table('', 'peaks', tell);
  }

  /**
   * Servers came (1) or went (-1), and this is whom they count for: `account:fake-east`, `tenant_name=acme`. Servers that
   * are only read back raise no peak: they come in another order than they lived in, and the peaks are read back too.
   */
  count(scopes: readonly string[], usage: Usage, sign: 1 | -1, readBack: boolean): void {
    for (const scope of scopes) {
      const now = addUsage(this.#now.get(scope) ?? NO_USAGE, usage, sign);
      if (now.instances === 0) this.#now.delete(scope);
      else this.#now.set(scope, now);
      if (sign === 1 && !readBack) this.#raise(scope, now);
    }
  }

  all(): Record<string, Usage> {
    return Object.fromEntries(this.table.entries());
  }

  #raise(scope: string, now: Usage): void {
    const before = this.table.get(scope) ?? NO_USAGE;
    const after = highest(before, now);
    if (Object.entries(after).some(([key, value]) => value !== before[key as keyof Usage]))
      this.table.put(scope, after);
  }
}

function highest(one: Usage, other: Usage): Usage {
  const key = (name: keyof Usage) => Math.max(one[name], other[name]);
  return {
    instances: key('instances'),
    cores: key('cores'),
    ram: key('ram'),
    volumes: key('volumes'),
    'volume-gb': key('volume-gb'),
  };
}
