import type { AccountOptions } from './options';
import type { FloatingIpRecord, ImageRecord, PortRecord, ServerRecord, Usage } from './model';

/** Everything a cloud must remember, by table. */
export interface Rows {
  readonly options: AccountOptions;
  readonly servers: ServerRecord;
  readonly images: ImageRecord;
  readonly ports: PortRecord;
  readonly floatingIps: FloatingIpRecord;
  /** Under the account '' are those that span accounts. */
  readonly peaks: Usage;
}
export type TableName = keyof Rows;

/** One row put in place, or removed (`null`): the unit of the journal. */
export interface Change<T extends TableName = TableName> {
  readonly account: string;
  readonly table: T;
  readonly key: string;
  readonly row: Rows[T] | null;
}

/** A map that tells of every change, so that nothing can be forgotten by the journal. */
export class Table<T extends TableName> {
  readonly #rows = new Map<string, Rows[T]>();

  constructor(
    private readonly account: string,
    private readonly name: T,
    private readonly tell: (change: Change<T>) => void,
  ) {}

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Rows[T] | undefined {
    return this.#rows.get(key);
  }

  values(): IterableIterator<Rows[T]> {
    return this.#rows.values();
  }

  entries(): IterableIterator<[string, Rows[T]]> {
    return this.#rows.entries();
  }

  put(key: string, row: Rows[T]): void {
    this.#rows.set(key, row);
    this.tell({ account: this.account, table: this.name, key, row });
  }

  remove(key: string): boolean {
    const was = this.#rows.delete(key);
    if (was) this.tell({ account: this.account, table: this.name, key, row: null });
    return was;
  }

  /** A change read back from the journal: told to nobody. */
  restore(key: string, row: Rows[T] | null): void {
    if (row === null) this.#rows.delete(key);
    else this.#rows.set(key, row);
  }
}
