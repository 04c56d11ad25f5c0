import type { Node } from '../model/records';
import type { View } from './column';

export interface ReachRow {
  readonly id: string;
  readonly record: Node;
}

/** How nodes are reached, in the order in which they were asked for. */
export function reachView(rows: readonly ReachRow[]): View<ReachRow> {
  return {
    columns: [
      { header: 'ID', field: 'id', value: (it) => it.id },
      { header: 'Label', field: 'label', value: (it) => it.record.type },
      { header: 'Provider', field: 'provider', value: (it) => it.record.provider },
      { header: 'Address', field: 'interface_ip', value: (it) => it.record.interfaceIp },
      // Nodes of kubernetes keep a token in place of a port.
      {
        header: 'Port',
        field: 'connection_port',
        value: (it) => (typeof it.record.connectionPort === 'number' ? it.record.connectionPort : 'redacted'),
      },
      { header: 'Username', field: 'username', value: (it) => it.record.username },
      { header: 'Connection', field: 'connection_type', value: (it) => it.record.connectionType },
      { header: 'Request ID', field: 'request', value: (it) => it.record.allocatedTo },
    ],
    rows,
  };
}
