import type { View } from './column';

export interface HoldJobRow {
  readonly id: string;
  readonly name: string;
  readonly holdOnFailure: number;
  readonly held: readonly string[];
}

/** Jobs whose nodes are held when they fail (cli.md 10.2). */
export function holdJobsView(rows: readonly HoldJobRow[]): View<HoldJobRow> {
  return {
    columns: [
      { header: 'ID', field: 'id', value: (it) => it.id },
      { header: 'Name', field: 'name', value: (it) => it.name },
      { header: 'Hold on Failure', field: 'hold_on_failure', value: (it) => it.holdOnFailure },
    ],
    rows,
  };
}
