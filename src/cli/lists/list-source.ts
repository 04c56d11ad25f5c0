import type { View } from '../../views/column';

/** A list as it was read; ages are counted to `nowSeconds`. */
export type Listing<Row> = (nowSeconds: number) => View<Row>;

/** A list that changes by itself. */
export interface LiveListing<Row> {
  /** As it is now; again asked for after every change. */
  current(): Listing<Row> | Promise<Listing<Row>>;
  /** False while ZooKeeper is out of reach: what is shown may be out of date. */
  readonly fresh: boolean;
  /** Calls back when something may have changed. Returns how to stop listening. */
  onChange(listener: () => void): () => void;
}

/** Where a list comes from. */
export interface ListSource<Row> {
  /** Without rows: what is asked for is checked against its columns before anything is read. */
  readonly shape: View<Row>;
  read(): Promise<Listing<Row>>;
  /** Opens what tells of changes. Absent: it is read again every `pollSeconds`. */
  readonly follow?: (signal: AbortSignal) => Promise<LiveListing<Row>>;
  readonly pollSeconds?: number;
}
