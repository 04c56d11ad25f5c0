import { codec } from './codec';
import { flag, number, numberOr, opaque, state, stateTime, text, texts } from './field';
import { type NodeRequest, REQUEST_STATES } from './records';

const request = codec<NodeRequest>({
  state: state(REQUEST_STATES),
  stateTime,
  declinedBy: texts('declined_by'),
  nodeTypes: texts('node_types'),
  nodes: texts('nodes'),
  reuse: flag('reuse', true),
  requestor: text('requestor'),
  requestorData: opaque('requestor_data'),
  provider: text('provider'),
  relativePriority: numberOr('relative_priority', 0),
  eventId: text('event_id'),
  createdTime: number('created_time'),
  tenantName: text('tenant_name'),
});

/** zk-tree 7. */
export const { parse: parseRequest, print: printRequest } = request;

/** A request to be filed, with everything that is not given at its default. */
export function newRequest(
  it: Pick<NodeRequest, 'nodeTypes' | 'requestor' | 'stateTime'> & Partial<NodeRequest>,
): NodeRequest {
  return {
    state: 'requested',
    declinedBy: [],
    nodes: [],
    reuse: true,
    requestorData: null,
    provider: null,
    relativePriority: 0,
    eventId: null,
    createdTime: null,
    tenantName: null,
    ...it,
  };
}
