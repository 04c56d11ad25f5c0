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
