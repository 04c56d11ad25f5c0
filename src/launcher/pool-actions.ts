import { declineChange } from '../decide/request-decline';
import type { PoolContext } from './pool-context';

/** Declines a request that the pool can never serve (launcher.md 10), unless it has changed meanwhile. */
export async function declineRequest(request: string, reason: string, pool: PoolContext): Promise<void> {
  const { tools, id, now, world, config, runtime } = pool;
  const claim = await tools.store.requests.claim(request, now);
  if (claim === undefined) return;
  try {
    const { record } = claim.current;
    if (record.state !== 'requested') return;
    const registered = world.pools().map((it) => it.id);
    const change = declineChange(record, id, registered);
    if (record.declinedBy.includes(id) && change.state === 'requested') return;
    await claim.write(change);
    tools.log.info('request declined', { request, reason, provider: runtime.config.name, pool: config.name });
  } finally {
    await claim.release();
  }
}

/** Gives an unused node to the deleters so that a waiting request finds room (launcher.md 8). */
export async function purgeNode(node: string, pool: PoolContext): Promise<void> {
  const { tools, now, config, runtime } = pool;
  const claim = await tools.store.nodes.claim(node, now);
  if (claim === undefined) return;
  try {
    const { state, allocatedTo } = claim.current.record;
    if (state !== 'ready' || allocatedTo !== null) return;
    await claim.write({ state: 'deleting' });
    tools.log.info('unused node purged to make room', { node, provider: runtime.config.name, pool: config.name });
  } finally {
    await claim.release();
  }
}
