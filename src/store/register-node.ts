import { parseNode, printNode } from '../model/node-record';
import { NODES } from '../model/paths';
import type { Node } from '../model/records';
import type { Op } from '../zk/client';
import { createOnce } from './create-once';
import type { StoreParts } from './parts';

/**
 * A node that is complete from the beginning, in one transaction with `guard`: it is there as a whole or not at all,
 * whenever its maker dies. After a lost answer it is known again by what no later writer changes: what it stands for, and
 * when it was made.
 */
export async function registerNode(
  parts: StoreParts,
  node: Node,
  guard: readonly Op[],
  signal: AbortSignal,
): Promise<string> {
  const data = printNode(node);
  const created = await createOnce(
    parts,
    {
      dir: NODES,
      prefix: '',
      data,
      mode: 'persistent-sequential',
      isOwn: (_path, found) => isSameNode(found.data, node),
      extra: guard,
      makesParents: true,
    },
    { signal },
  );
  if (created.stat !== undefined) parts.observe(created.path, data, created.stat);
  return created.path.slice(NODES.length + 1);
}

function isSameNode(data: Buffer, node: Node): boolean {
  if (data.length === 0) return false;
  try {
    const found = parseNode(data);
    const same = (key: keyof Node) => JSON.stringify(found[key]) === JSON.stringify(node[key]);
    return (['provider', 'externalId', 'launcher', 'createdTime', 'connectionPort', 'slot'] as const).every(same);
  } catch {
    return false; // a record that cannot be read is somebody else's
  }
}
