import type { Assignment } from './node-set';
import type { PoolContext } from './pool-context';
import type { HandlerEnd, RequestHandler } from './request-handler';

/**
 * Serves a request from machines, if all those that were chosen can be reached at this moment (drivers.md 7.3); the request
 * is not touched before that is known. Its nodes are kept for it meanwhile. With one machine gone another choice is
 * made in the next pass: that machine is not offered any more.
 */
export async function serveFromMachines(
  handler: RequestHandler,
  assignment: Assignment,
  { runtime, now }: PoolContext,
): Promise<HandlerEnd> {
  const nodes = assignment.picks.flatMap((it) => (it.kind === 'reuse' ? [it.node] : []));
  try {
    if ((await runtime.stock?.reach(nodes, now)) !== true) {
      assignment.cancel();
      return 'not ours';
    }
  } catch (error) {
    assignment.cancel();
    if (now.aborted) return 'lost';
    throw error;
  }
  return handler.serve(assignment);
}
