import type { NodeRequest } from '../model/records';
import { traceContextOf } from '../model/trace-context';
import { listed } from '../runtime/tracing/span-activity';
import { noSpan, type Span, type Tracing } from '../runtime/tracing/tracing';
import type { LaunchOutcome } from './launch-node';

/** A request that a pool has in hand: below what the scheduler traces, if it says so, or a trace of its own. */
export function traceServing(
  tracing: Tracing | undefined,
  id: string,
  request: NodeRequest,
  pool: { readonly provider: string; readonly name: string },
): Span {
  const { requestorData, nodeTypes, requestor, eventId, tenantName } = request;
  const attributes = {
    'nodepool.request': id,
    'nodepool.provider': pool.provider,
    'nodepool.pool': pool.name,
    'nodepool.labels': nodeTypes,
    'nodepool.requestor': requestor,
    'nodepool.tenant': tenantName,
    'nodepool.event_id': eventId,
  };
  const name = 'serve request';
  const span = tracing?.begin(name, { parent: traceContextOf(requestorData), attributes }) ?? noSpan;
  return listed(span, name, attributes);
}

/** Traces the launch of a node; its parts go below the span that `launch` is handed. */
export async function traceLaunch(
  served: Span,
  about: { readonly node: string; readonly provider: string; readonly label: string; readonly inherited: boolean },
  launch: (span: Span) => Promise<LaunchOutcome>,
): Promise<LaunchOutcome> {
  const span = served.child('launch node', {
    'nodepool.node': about.node,
    'nodepool.provider': about.provider,
    'nodepool.label': about.label,
    'nodepool.inherited': about.inherited,
  });
  const outcome = await launch(span);
  span.set({ 'nodepool.outcome': outcome });
  span.end(outcome === 'ready' ? undefined : new Error(`node is ${outcome}`));
  return outcome;
}
