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

/**
 * Instances of ours with a node id that does not exist (launcher.md 19). Only what was seen so in two
 * runs is deleted: the record of a fresh instance may not have reached this view yet.
 */
export function planLeaks<C extends Claimed>(
  listed: readonly C[],
  nodeExists: (node: string) => boolean,
  before: ReadonlySet<string>,
): LeakPlan<C> {
  const orphans = listed.filter((it) => it.node !== undefined && !nodeExists(it.node));
  return { leaked: orphans.filter((it) => before.has(it.key)), seen: new Set(orphans.map((it) => it.key)) };
}
