import type { KnownNode } from '../decide/node-index';
import { NotFoundError } from '../drivers/errors';
import { within } from './cloud-call';
import { storedExternalId } from './destroy-instance';
import type { ProviderRuntime } from './provider-runtime';
import type { LauncherTools } from './tools';

const PATIENCE_MS = 30_000;

/**
 * Takes an unused node out of service whose instance was missing in the cloud's lists. The cloud is asked for that one
 * instance before: a list that is wrong must not cost a fleet its nodes. False when the node stays; rejects when the cloud does not say.
 */
export async function retireVanished(
  { id, record }: KnownNode,
  { provider }: ProviderRuntime,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<boolean> {
  const externalId = storedExternalId(record.externalId);
  if (externalId === undefined) return false;
  const isGone = await within(PATIENCE_MS, 'deletion', tools, signal, (it) => provider.settled(externalId, it)).then(
    () => false,
    (error: unknown) => {
      if (error instanceof NotFoundError) return true;
      throw error;
    },
  );
  const claim = isGone ? await tools.store.nodes.claim(id, signal) : undefined;
  if (claim === undefined) return false;
  try {
    const { state, allocatedTo } = claim.current.record;
    if (state !== 'ready' || allocatedTo !== null) return false;
    await claim.writeAndRelease({ state: 'deleting' });
    return true;
  } finally {
    await claim.release();
  }
}
