import type { NodeRequest } from '../model/records';
import type { View } from './column';

export interface RequestRow {
  readonly id: string;
  readonly record: NodeRequest;
}

/** Requests by id (cli.md 4.6). */
export function requestsView(rows: readonly RequestRow[]): View<RequestRow> {
  return {
    columns: [
      { header: 'Request ID', field: 'id', value: (it) => it.id },
      { header: 'Priority', field: 'relative_priority', value: (it) => it.record.relativePriority },
      { header: 'State', field: 'state', value: (it) => it.record.state },
      { header: 'Requestor', field: 'requestor', value: (it) => it.record.requestor },
      { header: 'Node Types', field: 'node_types', value: (it) => it.record.nodeTypes },
      { header: 'Nodes', field: 'nodes', value: (it) => it.record.nodes },
      { header: 'Declined By', field: 'declined_by', value: (it) => it.record.declinedBy },
      { header: 'Event ID', field: 'event_id', value: (it) => it.record.eventId },
    ],
    rows: [...rows].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
  };
}
