import { configErrorOf } from '../model/component-extras';
import type { Component, PoolComponent } from '../model/records';
import type { Column, View } from './column';

export interface ComponentRow {
  readonly znode: string;
  readonly component: Component | PoolComponent;
}

const ofPool = (row: ComponentRow) => (row.component.kind === 'pool' ? (row.component as PoolComponent) : undefined);

/** Who takes part: pools, launchers and builders that hold a session. */
export function componentsView(rows: readonly ComponentRow[]): View<ComponentRow> {
  const columns: Column<ComponentRow>[] = [
    { header: 'Kind', field: 'kind', value: (it) => it.component.kind },
    { header: 'ID', field: 'id', value: (it) => it.znode },
    { header: 'Hostname', field: 'hostname', value: (it) => it.component.hostname },
    { header: 'State', field: 'state', value: (it) => it.component.state },
    { header: 'Version', field: 'version', value: (it) => it.component.version },
    { header: 'Provider', field: 'provider', value: (it) => ofPool(it)?.providerName },
    { header: 'Pool', field: 'pool', value: (it) => ofPool(it)?.name },
    { header: 'Priority', field: 'priority', value: (it) => ofPool(it)?.priority },
    { header: 'Paused', field: 'paused', value: (it) => ofPool(it)?.paused },
    { header: 'Labels', field: 'labels', value: (it) => ofPool(it)?.supportedLabels },
    { header: 'Configuration Error', field: 'config_error', value: (it) => configErrorOf(it.component) },
  ];
  const key = ({ component, znode }: ComponentRow) => `${component.kind}\0${component.hostname}\0${znode}`;
  return { columns, rows: [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
}
