import type { Node } from '../model/records';
import { isUnfinished } from '../model/unfinished-node';
import type { NodeIndex } from './node-index';

/*
 * What `max-concurrency` bounds, over all launchers. A set is created as a whole, so that its nodes count against the limits from
 * one moment on and no request ever waits for room with half of what it needs. Those of its nodes that may not be
 * launched yet stay `init`, locked; a launch that ends lets the next of them begin. Launches end by themselves, so
 * nobody waits for ever; new sets begin only when nothing that exists waits for its launch.
 */

/** A node as it counts: `launch` may have an instance at the cloud that is not ready, `waits` is to be launched. */
export function launchPhase(node: Node): 'launch' | 'waits' | undefined {
  if (node.state === 'building' || isUnfinished(node)) return 'launch'; // the latter may be `building` in a moment
  return node.state === 'init' ? 'waits' : undefined;
}

export interface LaunchCount {
  /** Launches under way. */
  readonly launches: number;
  /** Nodes that wait for theirs. */
  readonly waits: number;
}

/** `begun`: ids of nodes of the provider that we know to be launching, though the index may not show it yet. */
export function countLaunches(nodes: NodeIndex, provider: string, begun: Iterable<string>): LaunchCount {
  let [launches, waits] = [0, 0];
  const late = new Set(begun);
  for (const state of ['init', 'building'] as const) {
    for (const { id, record } of nodes.inState(state).values()) {
      if (record.provider !== provider) continue;
      if (late.delete(id) || launchPhase(record) === 'launch') launches += 1;
      else waits += 1;
    }
  }
  for (const id of late) if (!nodes.has(id)) launches += 1;
  return { launches, waits };
}

/** How many nodes may begin right away as they are created: behind those that wait already. */
export function roomAtOnce({ launches, waits }: LaunchCount, most: number): number {
  return Math.max(0, most - launches - waits);
}

/** Which of several new nodes begin at once, in their order, when there is room for so many. */
export function withinRoom(nodes: readonly Node[], room: number): readonly Node[] {
  return nodes.map((it, index) => (index < room || it.state !== 'building' ? it : { ...it, state: 'init' }));
}
