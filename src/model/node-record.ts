import { codec } from './codec';
import { amounts, any, type Field, number, object, opaque, state, stateTime, text, texts, textsOrText } from './field';
import type { Json } from './json';
import { type Node, NODE_STATES } from './records';

/** Python's `int()`, with 0 (no expiry) for what it cannot convert (zk-tree 8). */
const holdExpiration: Field<number | null> = {
  key: 'hold_expiration',
  missing: () => null,
  read: (value) => (value === null ? null : wholeSeconds(value)),
  print: (value) => JSON.stringify(value),
};

function wholeSeconds(value: Json): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Math.trunc(Number(value));
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  return 0;
}

const node = codec<Node>(
  {
    state: state(NODE_STATES),
    stateTime,
    cloud: text('cloud'),
    provider: text('provider'),
    pool: text('pool'),
    type: textsOrText('type'),
    allocatedTo: text('allocated_to'),
    az: text('az'),
    region: text('region'),
    publicIpv4: text('public_ipv4'),
    privateIpv4: text('private_ipv4'),
    publicIpv6: text('public_ipv6'),
    hostId: text('host_id'),
    interfaceIp: text('interface_ip'),
    connectionPort: any('connection_port', ({ json }) => json['ssh_port'] ?? 22),
    imageId: text('image_id'),
    launcher: text('launcher'),
    createdTime: number('created_time'),
    externalId: any('external_id'),
    hostname: text('hostname'),
    comment: text('comment'),
    userData: opaque('user_data'),
    holdJob: text('hold_job'),
    hostKeys: texts('host_keys'),
    username: text('username', 'zuul'),
    connectionType: text('connection_type'),
    shellType: text('shell_type'),
    holdExpiration,
    resources: amounts('resources'),
    slot: number('slot'),
    attributes: object('attributes'),
    pythonPath: text('python_path'),
    tenantName: text('tenant_name'),
    driverData: opaque('driver_data'),
    requestor: text('requestor'),
  },
  { ignored: ['id'], copies: { connection_port: 'ssh_port' } },
);

/** zk-tree 8. The key `id` that Zuul adds is dropped; `ssh_port` is written as a copy of the port. */
export const { parse: parseNode, print: printNode } = node;

/** A node to be created: `init`, with every key that is not given at null or empty. */
export function newNode(it: Pick<Node, 'provider' | 'pool' | 'type' | 'stateTime'> & Partial<Node>): Node {
  return {
    state: 'init',
    cloud: null,
    allocatedTo: null,
    az: null,
    region: null,
    publicIpv4: null,
    privateIpv4: null,
    publicIpv6: null,
    hostId: null,
    interfaceIp: null,
    connectionPort: 22,
    imageId: null,
    launcher: null,
    createdTime: it.stateTime,
    externalId: null,
    hostname: null,
    comment: null,
    userData: null,
    holdJob: null,
    hostKeys: [],
    username: 'zuul',
    connectionType: null,
    shellType: null,
    holdExpiration: null,
    resources: null,
    slot: null,
    attributes: null,
    pythonPath: null,
    tenantName: null,
    requestor: null,
    driverData: null,
    ...it,
  };
}
