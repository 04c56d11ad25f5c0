import type { KnownNode } from './node-index';

/** How long a deletion that is under way stands for the room it will make, seconds. */
const DELETION_COUNTS_FOR = 300;

export interface PurgeQuestion {
  readonly provider: string;
  readonly pool: string;
  /** `ready` and free nodes, of any pool. */
  readonly ready: Iterable<KnownNode>;
  /** Nodes in a garbage state. */
  readonly garbage: Iterable<KnownNode>;
  /** Nodes that somebody is about to take. */
  readonly spared: ReadonlySet<string>;
  /** Only nodes that count as this tenant's make the room that lacks; null: any node does. */
  readonly tenant: string | null;
  readonly nowSeconds: number;
}

/**
 * The unused node to delete so that a waiting request finds room (launcher.md 8): the oldest of the pool, and none while
 * another node of the pool is on its way out, so that a waiting request costs no more nodes than it needs.
 */
export function choosePurge(question: PurgeQuestion): string | undefined {
  const { tenant } = question;
  const ours = ({ record }: KnownNode) =>
    record.provider === question.provider &&
    record.pool === question.pool &&
    (tenant === null || record.tenantName === tenant);
  for (const node of question.garbage) {
    if (ours(node) && isLeaving(node) && question.nowSeconds - node.record.stateTime < DELETION_COUNTS_FOR) {
      return undefined;
    }
  }
  let oldest: KnownNode | undefined;
  for (const node of question.ready) {
    if (!ours(node) || node.locked || node.record.allocatedTo !== null || question.spared.has(node.id)) continue;
    if (oldest === undefined || node.record.stateTime < oldest.record.stateTime) oldest = node;
  }
  return oldest?.id;
}

function isLeaving({ record, locked }: KnownNode): boolean {
  return record.state === 'deleting' || (!locked && record.state !== 'building');
}
