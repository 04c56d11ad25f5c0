import type { KnownNode, NodeFact } from '../../src/decide/node-index';
import type { RequestFact } from '../../src/decide/request-index';
import type { Node, NodeRequest } from '../../src/model/records';

/** A ready, free node of `fake-east`, pool `main`, label `small`; `changes` overlay it. */
export function node(changes: Partial<Node> = {}): Node {
  return {
    state: 'ready',
    stateTime: 1000,
    cloud: null,
    provider: 'fake-east',
    pool: 'main',
    type: ['small'],
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
    createdTime: 1000,
    externalId: null,
    hostname: null,
    comment: null,
    userData: null,
    holdJob: null,
    hostKeys: [],
    username: null,
    connectionType: null,
    shellType: null,
    holdExpiration: null,
    resources: { instances: 1 },
    slot: null,
    attributes: null,
    pythonPath: null,
    tenantName: null,
    requestor: null,
    driverData: null,
    ...changes,
  };
}

/** As a view shows it. */
export function nodeFact(id: string, changes: Partial<Node> = {}, rest: Partial<NodeFact> = {}): KnownNode {
  return { id, broken: undefined, locked: false, createdAt: 0, ...rest, record: node(changes) };
}

/** A waiting request for one `small` node. */
export function request(changes: Partial<NodeRequest> = {}): NodeRequest {
  return {
    state: 'requested',
    stateTime: 1000,
    declinedBy: [],
    nodeTypes: ['small'],
    nodes: [],
    reuse: true,
    requestor: 'zuul',
    requestorData: null,
    provider: null,
    relativePriority: 0,
    eventId: null,
    createdTime: null,
    tenantName: null,
    ...changes,
  };
}

export function requestFact(id: string, changes: Partial<NodeRequest> = {}, locked = false): RequestFact {
  return { id, locked, record: request(changes) };
}
