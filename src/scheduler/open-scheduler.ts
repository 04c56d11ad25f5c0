import { systemClock } from '../runtime/clock';
import { type Logger, silentLogger } from '../runtime/log';
import { systemRandom } from '../runtime/random';
import { openZooKeeper, type OpenZooKeeperOptions } from '../store/open-zookeeper';
import { openStore } from '../store/store';
import { connectScheduler, type Scheduler, type SchedulerOptions } from './scheduler';

export interface OpenSchedulerOptions extends SchedulerOptions, OpenZooKeeperOptions {
  /** Default: says nothing. */
  readonly log?: Logger;
}

/**
 * A scheduler with a ZooKeeper client of its own, both closed by its `close`. The connection is made, and made again,
 * in the background. Throws a TlsFileError if a PEM file cannot be used.
 */
export async function openScheduler(options: OpenSchedulerOptions): Promise<Scheduler> {
  const tools = { clock: systemClock, random: systemRandom, log: options.log ?? silentLogger };
  const zk = await openZooKeeper(options, tools);
  const store = openStore(zk, tools);
  const scheduler = connectScheduler(store, options, tools);
  const closeOwn = scheduler.close.bind(scheduler);
  return Object.assign(scheduler, {
    close: async () => {
      await closeOwn();
      await store.close();
      await zk.close();
    },
  });
}
