import type { Config } from '../config/types';
import type { ZooKeeper } from '../zk/client';
import { isZkError } from '../zk/errors';

/**
 * Gives the client the servers of each configuration that is read (config.md 13), beginning after those of `first`. The servers
 * may change under a running program, what they are asked for below which path may not (zk-tree 1): with another chroot it
 * throws, so that nothing of such a file comes into force.
 */
export function serverFollower(zk: Pick<ZooKeeper, 'updateServers'>, first: Config): (config: Config) => void {
  let hosts = first.zookeeper.hosts;
  return (config) => {
    const now = config.zookeeper.hosts;
    if (now === hosts || now === '') return;
    try {
      zk.updateServers(now);
    } catch (error) {
      if (!isZkError(error, 'BAD_ARGUMENTS')) throw error;
      throw new Error('zookeeper-servers: another chroot takes a restart, nothing of the file is in force before', {
        cause: error,
      });
    }
    hosts = now;
  };
}
