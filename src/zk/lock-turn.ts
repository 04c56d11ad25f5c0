/** What counts as a contender of the plain lock, whatever stands before it; read locks (`__rlock__`) do not (zk-tree 10.1). */
const CONTENDER = /__lock__-?\d{10}$/;

export type Turn =
  | { readonly kind: 'held' }
  /** Our znode is not there: its session is over, or somebody removed it. */
  | { readonly kind: 'gone' }
  /** `watch` is the contender directly ahead. */
  | { readonly kind: 'wait'; readonly watch: string };

/** The contenders among `children`, the holder first: ordered by their last ten characters, as strings. */
export function contenderQueue(children: readonly string[]): string[] {
  return children.filter((it) => CONTENDER.test(it)).sort((a, b) => (sequence(a) < sequence(b) ? -1 : 1));
}

/** Whose turn it is: the lowest sequence holds, everyone else watches the next lower one. */
export function lockTurn(children: readonly string[], mine: string): Turn {
  const queue = contenderQueue(children);
  const place = queue.indexOf(mine);
  if (place === -1) return { kind: 'gone' };
  const ahead = queue[place - 1];
  return ahead === undefined ? { kind: 'held' } : { kind: 'wait', watch: ahead };
}

function sequence(name: string): string {
  return name.slice(-10);
}
