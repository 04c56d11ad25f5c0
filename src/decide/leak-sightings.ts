import type { Node, NodeState } from '../model/records';
import { instanceKey } from './vanished-instances';

/** A thing at a cloud that says it is ours. */
export interface Claimed {
  readonly key: string;
  /** `nodepool_node_id` of its metadata. */
  readonly node: string | undefined;
}

export interface LeakPlan<C> {
  /** Seen now and in the run before: delete. */
  readonly leaked: readonly C[];
  /** What to hand in as `before` next time. */
  readonly seen: ReadonlySet<string>;
}

/** The launch is over: an instance that is not the node's own came too late and is nobody's. */
const LAUNCHED: ReadonlySet<NodeState> = new Set(['ready', 'in-use', 'hold', 'used']);

/**
 * Instances of ours that belong to no node (launcher.md 19), or to one that has another: what a call made that was held up on its
 * way, after the launch was taken over, would count for nobody as long as the node lives. Only what was seen so in two runs is
 * deleted: the record of a fresh instance may not have reached this view yet.
 *
 * @param recordOf `undefined` for a node that is not there, or not of this provider; 'unreadable' may well be the owner.
 */
export function planLeaks<C extends Claimed>(
  listed: readonly C[],
  recordOf: (node: string) => Node | 'unreadable' | undefined,
  before: ReadonlySet<string>,
): LeakPlan<C> {
  const there = new Set(listed.map((it) => it.key));
  const isOrphan = ({ node, key }: C) => node !== undefined && !belongsTo(recordOf(node), key, there);
  const orphans = listed.filter(isOrphan);
  return { leaked: orphans.filter((it) => before.has(it.key)), seen: new Set(orphans.map((it) => it.key)) };
}

/** The node's own has to be in the same list: so it is certain that record and list speak of ids in the same way. */
function belongsTo(record: Node | 'unreadable' | undefined, key: string, there: ReadonlySet<string>): boolean {
  if (record === undefined || record === 'unreadable' || !LAUNCHED.has(record.state)) return record !== undefined;
  const own = instanceKey(record.externalId);
  return own === key || !there.has(own);
}
