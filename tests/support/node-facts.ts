import type { KnownNode, NodeFact } from '../../src/decide/node-index';
import type { RequestFact } from '../../src/decide/request-index';
import { newNode } from '../../src/model/node-record';
import type { Node, NodeRequest } from '../../src/model/records';

/** A ready, free node of `fake-east`, pool `main`, label `small`; `changes` overlay it. */
export function node(changes: Partial<Node> = {}): Node {
  return newNode({
    state: 'ready',
    stateTime: 1000,
    provider: 'fake-east',
    pool: 'main',
    type: ['small'],
    username: null,
    resources: { instances: 1 },
    ...changes,
  });
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
