import type { Node } from '../model/records';
import { isZkError } from '../zk/errors';
import type { NodeClaim, Store } from './api';

/** How long a person's change waits for a lock (cli.md 4.9). */
export const BY_HAND_PATIENCE_MS = 5000;

/** Why a record was not changed: there is none, or somebody else keeps its lock. */
export type Refusal = 'not-found' | 'locked';

/** The lock of a node, for whoever changes it by hand. */
export async function claimByHand(store: Store, id: string, signal: AbortSignal): Promise<NodeClaim | Refusal> {
  if ((await store.nodes.get(id)) === undefined) return 'not-found';
  const claim = await store.nodes.claim(id, signal, BY_HAND_PATIENCE_MS);
  if (claim !== undefined) return claim;
  return (await store.nodes.get(id)) === undefined ? 'not-found' : 'locked';
}

/**
 * Writes a change to a node under its lock. `change` is asked for it once the record is ours, and may have none, which leaves
 * the node as it is and is told as the state that it stays in. Throws a ClaimLostError if the lock is lost meanwhile.
 */
export async function changeByHand(
  store: Store,
  id: string,
  change: (node: Node) => Partial<Node> | undefined,
  signal: AbortSignal,
): Promise<Refusal | { readonly changed: boolean; readonly record: Node }> {
  const claim = await claimByHand(store, id, signal);
  if (typeof claim === 'string') return claim;
  try {
    const { record } = claim.current;
    const wanted = change(record);
    if (wanted === undefined) return { changed: false, record };
    return { changed: true, record: (await claim.write(wanted)).record };
  } finally {
    await claim.release();
  }
}

/** Pauses builds of an image. False: the tree does not know it (cli.md 4.15). */
export async function pauseByHand(store: Store, image: string): Promise<boolean> {
  try {
    await store.images.pause(image);
    return true;
  } catch (error) {
    if (isZkError(error, 'NO_NODE')) return false;
    throw error;
  }
}

/** What became of the nodes of a request that was given back. */
export interface GivenBack {
  /** Nodes that are `used` now, and will be deleted. */
  readonly nodes: readonly string[];
}

/**
 * Gives back a request and its nodes: those of a fulfilled one become `used`, since somebody may have been on them; the launcher
 * frees what it was still making. `locked`: a scheduler has accepted its nodes, and nothing was changed. The request is deleted
 * last, so that doing it again after a failure completes it.
 */
export async function giveBackRequest(store: Store, id: string, signal: AbortSignal): Promise<GivenBack | Refusal> {
  const found = await store.requests.get(id);
  if (found === undefined) return 'not-found';
  const ids = found.record.state === 'fulfilled' ? found.record.nodes : [];
  const claims: NodeClaim[] = [];
  try {
    for (const node of ids) {
      const claim = await claimByHand(store, node, signal);
      if (claim === 'locked') return 'locked';
      if (claim !== 'not-found') claims.push(claim);
    }
    const own = claims.filter((it) => it.current.record.allocatedTo === id && it.current.record.state === 'ready');
    for (const it of own) await it.write({ state: 'used' });
    await store.requests.delete(id);
    return { nodes: own.map((it) => it.id) };
  } finally {
    await Promise.all(claims.map((it) => it.release()));
  }
}
