import { explainRequest, type PoolExplanation } from '../decide/explain-request';
import { NodeTimes } from '../decide/node-times';
import { wallSeconds } from '../runtime/clock';
import { Answerer } from '../store/questions';
import type { PoolContext } from './pool-context';
import type { PoolWorker } from './pool-worker';
import type { LauncherTools } from './tools';
import type { World } from './world';

type Pools = readonly { readonly worker: PoolWorker; readonly context: PoolContext }[];

/** Answers, until closed, whoever asks in the tree what becomes of a request. */
export function startExplaining(pools: () => Pools, world: World, tools: LauncherTools): { close(): Promise<void> } {
  const times = new NodeTimes();
  const note = (id: string) => times.note(id, world.nodes.get(id)?.record, wallSeconds(tools.clock));
  for (const { id } of world.nodes.all()) note(id);
  const stopLearning = world.onChange(({ nodes }) => nodes.forEach(note));
  const answerer = new Answerer({ zk: tools.store.zk, ...tools }, async (request, signal) => {
    // Who asks has seen it in the tree: it is only that we have not yet.
    if (world.requests.get(request) === undefined) await world.requestsSettled(signal);
    return explainPools(request, pools(), world, times).map((it) => ({ ...it }));
  });
  return {
    close: async () => {
      stopLearning();
      await answerer.close();
    },
  };
}

/** What each pool of this launcher says of a request; nothing of one that is not there. */
export function explainPools(
  request: string,
  pools: Pools,
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
        begunAt: it.record.state === 'init' ? undefined : (times.launchingSince(it.id) ?? it.createdAt),
      })),
      launchSeconds: (label) => times.launchSeconds(provider, label),
      roomAt: begun === undefined || took === undefined ? undefined : begun + took,
      nowSeconds: wallSeconds(tools.clock),
    });
  });
}
