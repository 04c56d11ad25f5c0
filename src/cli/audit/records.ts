import type { NodeState } from '../../model/records';
import type { ImageEntry, NodeEntry } from '../../store/api';

/** The records, read before and after the clouds were asked: what is in both was there all the time. */
export interface Records {
  readonly nodes: ReadonlyMap<string, NodeEntry>;
  readonly images: ReadonlyMap<string, ImageEntry>;
}

/** States in which a node is being made or unmade: its instance comes and goes. */
export const IN_MOTION: ReadonlySet<NodeState> = new Set([
  'init',
  'building',
  'deleting',
  'failed',
  'aborted',
  'deleted',
]);
