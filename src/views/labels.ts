import type { View } from './column';

/** A label that launchers offer. */
export interface LabelRow {
  readonly label: string;
  /** `provider/pool` of each pool that offers it. */
  readonly pools: readonly string[];
  /** All nodes of the label, whatever their state. */
  readonly nodes: number;
  /** Those that wait for a request. */
  readonly ready: number;
  readonly inUse: number;
}

/** Labels by name (webapp.md 6.7); with `detail` also who offers them and their nodes. */
export function labelsView(rows: readonly LabelRow[], detail: boolean): View<LabelRow> {
  const label = { header: 'Label', field: 'label', value: (it: LabelRow) => it.label };
  const more = [
    { header: 'Pools', field: 'pools', value: (it: LabelRow) => [...it.pools] },
    { header: 'Nodes', field: 'nodes', value: (it: LabelRow) => it.nodes },
    { header: 'Ready', field: 'ready', value: (it: LabelRow) => it.ready },
    { header: 'In Use', field: 'in_use', value: (it: LabelRow) => it.inUse },
  ];
  return detail ? { columns: [label, ...more], rows } : { columns: [label], more, rows };
}
