import type { Node } from '../model/records';
import { ageColumn, type Column, type View } from './column';

/** A node and whether somebody contends for its lock. */
export interface NodeRow {
  readonly id: string;
  readonly record: Node;
  readonly locked: boolean;
}

/** The list of nodes (cli.md 4.2); twelve more columns with `detail`. Rows stay in the order given. */
export function nodesView(rows: readonly NodeRow[], nowSeconds: number, detail: boolean): View<NodeRow> {
  const columns = basic(nowSeconds);
  return detail ? { columns: [...columns, ...DETAIL], rows } : { columns, more: DETAIL, rows };
}

const basic = (nowSeconds: number): Column<NodeRow>[] => [
  { header: 'ID', field: 'id', value: (it) => it.id },
  { header: 'Provider', field: 'provider', value: (it) => it.record.provider },
  { header: 'Label', field: 'label', value: (it) => it.record.type },
  { header: 'Server ID', field: 'server_id', value: (it) => it.record.externalId },
  { header: 'Public IPv4', field: 'public_ipv4', value: (it) => it.record.publicIpv4 },
  { header: 'IPv6', field: 'ipv6', value: (it) => it.record.publicIpv6 },
  { header: 'State', field: 'state', value: (it) => it.record.state },
  ageColumn('Age', 'age', (it) => it.record.stateTime, nowSeconds),
  {
    header: 'Locked',
    field: 'locked',
    value: (it) => it.locked,
    text: (it) => (it.locked ? 'locked' : 'unlocked'),
  },
];

const DETAIL: readonly Column<NodeRow>[] = [
  { header: 'Pool', field: 'pool', value: (it) => it.record.pool },
  { header: 'Hostname', field: 'hostname', value: (it) => it.record.hostname },
  { header: 'Private IPv4', field: 'private_ipv4', value: (it) => it.record.privateIpv4 },
  { header: 'AZ', field: 'AZ', value: (it) => it.record.az },
  { header: 'Username', field: 'username', value: (it) => it.record.username },
  // Nodes of kubernetes keep a token in place of a port.
  {
    header: 'Port',
    field: 'connection_port',
    value: (it) => (typeof it.record.connectionPort === 'number' ? it.record.connectionPort : 'redacted'),
  },
  { header: 'Launcher', field: 'launcher', value: (it) => it.record.launcher },
  { header: 'Allocated To', field: 'allocated_to', value: (it) => it.record.allocatedTo },
  { header: 'Hold Job', field: 'hold_job', value: (it) => it.record.holdJob },
  { header: 'Comment', field: 'comment', value: (it) => it.record.comment },
  { header: 'User Data', field: 'user_data', value: (it) => it.record.userData },
  { header: 'Driver Data', field: 'driver_data', value: (it) => it.record.driverData },
];
