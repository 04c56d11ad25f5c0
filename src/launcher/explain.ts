import { explainRequest, type PoolExplanation } from '../decide/explain-request';
import type { NodeTimes } from '../decide/node-times';
import { wallSeconds } from '../runtime/clock';
import type { PoolContext } from './pool-context';
import type { PoolWorker } from './pool-worker';
import type { World } from './world';

/** What each pool of this launcher says of a request; nothing of one that is not there. */
export function explainPools(
  request: string,
  pools: readonly { readonly worker: PoolWorker; readonly context: PoolContext }[],
  world: World,
  times: NodeTimes,
): readonly PoolExplanation[] {
  const entry = world.requests.get(request);
  const record = entry?.record;
  if (entry === undefined || record === undefined) return [];
  const nodes = [...(world.nodes.allocated.get(request)?.values() ?? [])];
  return pools.map(({ worker, context: { id, runtime, config, tools } }) => {
    const provider = runtime.config.name;
    const here = nodes.filter((it) => it.record.provider === provider && it.record.pool === config.name);
    const begun = times.deletingSince(provider);
    const took = times.deletionSeconds(provider);
    return explainRequest({
      pool: { pool: id, provider, name: config.name },
      request: record,
      changedAt: tools.store.requests.view().requests.get(request)?.changedAt ?? record.stateTime,
      locked: entry.locked,
      inHand: worker.serves(request),
      note: worker.notes.get(request),
      nodes: here.map((it) => ({
        id: it.id,
        label: it.record.type[0] ?? '',
        state: it.record.state,
        createdAt: it.record.createdTime ?? it.createdAt,
      })),
      launchSeconds: (label) => times.launchSeconds(provider, label),
      roomAt: begun === undefined || took === undefined ? undefined : begun + took,
      nowSeconds: wallSeconds(tools.clock),
    });
  });
}
