import { choosePurge } from '../decide/choose-purge';
import { wallSeconds } from '../runtime/clock';
import type { PoolContext } from './pool-context';

/**
 * The unused node that a waiting request may have removed to find room, if there is one that nobody is about to take. With a
 * tenant: one that counts as that tenant's.
 */
export function nodeToPurge(
  { runtime, config, world, tools }: PoolContext,
  spared: ReadonlySet<string>,
  tenant: string | null,
): string | undefined {
  const node = choosePurge({
    provider: runtime.config.name,
    pool: config.name,
    ready: world.nodes.inState('ready').values(),
    garbage: world.nodes.garbage(),
    spared,
    tenant,
    nowSeconds: wallSeconds(tools.clock),
  });
  return node === undefined || world.reservations.isTaken(node) ? undefined : node;
}
