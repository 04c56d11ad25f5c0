import type { Node, NodeRequest } from '../../../src/model/records';
import type { Submission, SubmittedRequest } from '../../../src/scheduler/scheduler';
import { node } from '../../support/node-facts';
import type { Peer } from './fleet';

const never = new AbortController().signal;

/** Files a request and waits until it is fulfilled; throws if it ends otherwise. */
export async function served(
  { scheduler }: Pick<Peer, 'scheduler'>,
  submission: Submission,
): Promise<{ readonly request: SubmittedRequest; readonly record: NodeRequest }> {
  const request = await scheduler.submit(submission);
  const outcome = await scheduler.await(request, never);
  if (outcome.state !== 'fulfilled') throw new Error(`request ended ${outcome.state}`);
  return { request, record: outcome.record };
}

/** A node as somebody left it: unlocked, `ready` unless `changes` say otherwise. Returns its id. */
export async function leaveNode({ store }: Pick<Peer, 'store'>, changes: Partial<Node>): Promise<string> {
  const claim = await store.nodes.create(node(changes), never);
  await claim.release();
  return claim.id;
}
