import { MoveError } from './record-error';
import type { BuildState, NodeState, RequestState, UploadState } from './records';

/**
 * The moves that our programs make: launcher, builder, command line and scheduler library. Others on the tree make
 * theirs, so a record may well be found in a state that no line here leads to. Staying is no move.
 */
export type Moves<S extends string> = Readonly<Record<S, readonly S[]>>;

/** What operators may do to a node in any state: `hold`, `delete`, `erase` (cli.md 4.9, 4.10, 4.14). */
const BY_HAND = ['hold', 'deleting', 'deleted'] as const satisfies readonly NodeState[];

/** launcher.md 14; the moves from `ready`, `in-use` and `hold` also as zuul-client.md 8 and 12. */
export const NODE_MOVES: Moves<NodeState> = {
  init: ['building', 'failed', 'aborted', ...BY_HAND],
  building: ['ready', 'failed', 'aborted', ...BY_HAND],
  testing: ['ready', ...BY_HAND],
  ready: ['in-use', 'used', ...BY_HAND],
  'in-use': ['used', ...BY_HAND],
  used: BY_HAND,
  hold: ['used', ...BY_HAND],
  deleting: BY_HAND,
  failed: BY_HAND,
  aborted: BY_HAND,
  deleted: BY_HAND,
};

/** zk-tree 7.2. A final request stays final: schedulers act once on what they see first (zuul-client.md 5). */
export const REQUEST_MOVES: Moves<RequestState> = {
  requested: ['pending', 'fulfilled', 'failed'],
  pending: ['requested', 'fulfilled', 'failed'],
  fulfilled: [],
  failed: [],
};

/** builder.md 11. */
export const BUILD_MOVES: Moves<BuildState> = {
  building: ['ready', 'failed', 'deleting'],
  ready: ['deleting'],
  failed: ['deleting'],
  deleting: [],
};

/** builder.md 11. */
export const UPLOAD_MOVES: Moves<UploadState> = {
  uploading: ['ready', 'failed', 'deleting'],
  ready: ['deleting'],
  failed: ['deleting'],
  deleting: [],
};

/** Throws a MoveError unless `from` may become `to`. `what` names the record in the message: `node`, `image build`, … */
export function checkMove<S extends string>(moves: Moves<S>, what: string, from: S, to: S): void {
  if (from !== to && !moves[from].includes(to)) throw new MoveError(what, from, to);
}
