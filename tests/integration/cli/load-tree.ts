import { connectZooKeeper } from '../../../src/zk/engine';
import type { ZooKeeper } from '../../../src/zk/client';
import { isZkError } from '../../../src/zk/errors';
import { silentLogger } from '../../../src/runtime/log';
import { systemClock } from '../../../src/runtime/clock';
import { systemRandom } from '../../../src/runtime/random';
import { readTree } from '../../support/fixture-tree';
import { advanceCounters } from '../../support/put-tree';

/** A client of a private server. */
export async function connectTo(hosts: string): Promise<ZooKeeper> {
  const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
  const zk = connectZooKeeper({ hosts, sessionTimeoutMs: 10_000 }, tools);
  await zk.connected();
  return zk;
}

/** Puts a recorded tree below `chroot`, which is made. Ephemerals belong to the session of `zk`. */
export async function loadTree(zk: ZooKeeper, name: string, chroot: string): Promise<void> {
  await zk.create(chroot, Buffer.alloc(0));
  const tree = readTree(name);
  for (const it of tree) {
    const mode = it.ephemeral ? 'ephemeral' : 'persistent';
    try {
      await zk.create(`${chroot}${it.path}`, Buffer.from(it.data), { mode });
    } catch (error) {
      // Requests of the launcher are ephemeral and have locks: below an ephemeral nothing can be made.
      if (!isZkError(error, 'NO_CHILDREN_FOR_EPHEMERALS')) throw error;
    }
  }
  await advanceCounters(zk, tree, chroot);
}
