import { parseNode } from '../model/node-record';
import { nodeLock, nodePath } from '../model/paths';
import type { NodeEntry } from './api';
import { toEntry } from './entries';
import type { Snapshot } from './snapshot';

/** A node as seen in `tree`; `before` itself if nothing about it changed. */
export function nodeEntry(tree: Snapshot, id: string, before: NodeEntry | undefined): NodeEntry | undefined {
  const found = tree.get(nodePath(id));
  if (found === undefined) return undefined;
  const locked = tree.children(nodeLock(id)).length > 0;
  if (before?.mzxid === found.stat.mzxid && before.locked === locked) return before;
  return { id, locked, ...toEntry(found, parseNode, before) };
}
