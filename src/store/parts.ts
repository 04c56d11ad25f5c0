import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';
import type { Stat, ZooKeeper } from '../zk/client';
import type { Follow } from '../zk/held-lock';

/** What every part of the store works with. */
export interface StoreParts {
  readonly zk: ZooKeeper;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Puts a write of ours into the view that shows it, if that is open; undefined data means deleted. */
  observe(path: string, data: Buffer | undefined, stat: Stat | undefined): void;
  /** Tells of the end of a znode that an open view shows; absent where there are no views. */
  readonly follow?: Follow;
}
