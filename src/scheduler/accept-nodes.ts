import type { Logger } from '../runtime/log';
import type { NodeClaim, Store } from '../store/api';
import { NodesUnavailableError } from './errors';
import { NodeSet } from './node-set';

/** How long the executor of Zuul waits for each node (zuul-client.md 7). */
const LOCK_PATIENCE_MS = 30_000;

export interface Acceptor {
  readonly owner: string;
  readonly log: Logger;
  /** Whether a node of a failed job is to be held instead of given back; see `HoldJobs.takePlace`. */
  readonly takePlace: (job: string, node: string) => Promise<boolean>;
  /** Nodes that the request was last seen with: they are read together with it. */
  readonly expected: readonly string[];
}

/** zuul-client.md 7: lock every node of the request, if it is allocated to it, and delete the request in any case. */
export async function acceptNodes(store: Store, request: string, by: Acceptor, signal: AbortSignal): Promise<NodeSet> {
  let claims: readonly NodeClaim[];
  try {
    claims = await claimAll(store, request, by.expected, signal);
  } catch (error) {
    if (!signal.aborted) await store.requests.delete(request);
    throw error;
  }
  try {
    await store.requests.delete(request);
  } catch (error) {
    await releaseAll(claims);
    throw error;
  }
  return new NodeSet(request, claims, by);
}

async function claimAll(
  store: Store,
  request: string,
  expected: readonly string[],
  signal: AbortSignal,
): Promise<readonly NodeClaim[]> {
  const [ids, early] = await Promise.all([nodesOf(store, request), readNodes(store, expected)]);
  const late = await readNodes(
    store,
    ids.filter((id) => !early.has(id)),
  );
  for (const id of ids) checkNode(request, id, early.get(id) ?? late.get(id));
  // All are allocated to this request alone, so the order in which they are locked cannot block anybody.
  const outcomes = await Promise.allSettled(ids.map((id) => claimOne(store, request, id, signal)));
  const failed = outcomes.find((it) => it.status === 'rejected');
  const claims = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
  if (failed === undefined) return claims;
  await releaseAll(claims);
  throw failed.reason;
}

async function nodesOf(store: Store, request: string): Promise<readonly string[]> {
  const stored = await store.requests.get(request);
  if (stored === undefined) throw new NodesUnavailableError(request, 'request-gone');
  if (stored.record.state !== 'fulfilled') throw new NodesUnavailableError(request, 'not-fulfilled');
  return stored.record.nodes;
}

type StoredNode = Awaited<ReturnType<Store['nodes']['get']>>;

async function readNodes(store: Store, ids: readonly string[]): Promise<ReadonlyMap<string, StoredNode>> {
  return new Map(await Promise.all(ids.map(async (id) => [id, await store.nodes.get(id)] as const)));
}

/** Nobody's lock is asked for that is not ours to have. */
function checkNode(request: string, id: string, stored: StoredNode): void {
  if (stored === undefined) throw new NodesUnavailableError(request, 'node-gone', id);
  if (stored.record.allocatedTo !== request) throw new NodesUnavailableError(request, 'not-allocated', id);
}

async function claimOne(store: Store, request: string, id: string, signal: AbortSignal): Promise<NodeClaim> {
  const claim = await store.nodes.claim(id, signal, LOCK_PATIENCE_MS);
  if (claim === undefined) throw new NodesUnavailableError(request, 'lock-timeout', id);
  if (claim.current.record.allocatedTo === request) return claim;
  await claim.release();
  throw new NodesUnavailableError(request, 'not-allocated', id);
}

async function releaseAll(claims: readonly NodeClaim[]): Promise<void> {
  await Promise.all(claims.map((it) => it.release()));
}
