import type { NodeData } from '../zk/client';

/** A picture of part of the tree: a cache kept by watches, or what was just read. Entries are built from either. */
export interface Snapshot {
  get(path: string): NodeData | undefined;
  /** Names; empty for a path that is not there. */
  children(path: string): readonly string[];
}
