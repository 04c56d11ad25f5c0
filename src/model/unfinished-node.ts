import type { Node } from './records';

/** What the comment of a record begins with that is created and not locked yet. */
export const UNFINISHED = 'creating ';

/** Whether a record is one that its creator has not locked yet: what it is to be is written with the lock. */
export function isUnfinished({ state, comment }: Pick<Node, 'state' | 'comment'>): boolean {
  return state === 'init' && comment?.startsWith(UNFINISHED) === true;
}
