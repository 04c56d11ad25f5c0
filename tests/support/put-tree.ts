import type { ZooKeeper } from '../../src/zk/client';
import { isZkError } from '../../src/zk/errors';
import type { RecordedZnode } from './fixture-tree';

/** Makes the znodes of a recorded tree, all of them persistent unless `ephemeral` says that they are to be ours. */
export async function putTree(
  zk: ZooKeeper,
  tree: readonly RecordedZnode[],
  options: { readonly ephemeral?: 'keep' | 'persist' } = {},
): Promise<void> {
  for (const { path, data, ephemeral } of tree) {
    const mode = ephemeral && options.ephemeral === 'keep' ? 'ephemeral' : 'persistent';
    await zk.create(path, Buffer.from(data), { mode }).catch((error: unknown) => {
      if (!isZkError(error, 'NODE_EXISTS')) throw error;
    });
  }
}

/**
 * Moves the counters of sequential znodes on to where they were when the tree was recorded. Without it new nodes would be
 * called like recorded ones, and a new contender would come before the recorded ones of its lock.
 */
export async function advanceCounters(zk: ZooKeeper, tree: readonly RecordedZnode[], chroot = ''): Promise<void> {
  const last = new Map<string, string>();
  for (const { path } of tree) {
    const parent = path.slice(0, path.lastIndexOf('/'));
    const sequence = /\d{10}$/.exec(path)?.[0];
    if (sequence !== undefined && sequence > (last.get(parent) ?? '')) last.set(parent, sequence);
  }
  for (const [parent, sequence] of last) {
    for (let reached = ''; reached < sequence;) {
      const { path } = await zk.create(`${chroot}${parent}/counter-`, Buffer.alloc(0), {
        mode: 'persistent-sequential',
      });
      reached = path.slice(-10);
      await zk.delete(path);
    }
  }
}
