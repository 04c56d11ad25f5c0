import type { Clock } from '../../runtime/clock';
import type { Scope } from '../../runtime/scope';
import { startZooKeeper } from '../../zk/server/private-server';

/** A ZooKeeper to work on: `hosts` has the chroot that keeps this run apart from anything else there. */
export interface Meeting {
  readonly hosts: string;
  readonly private: boolean;
}

/**
 * The given server, below a chroot of this run's own unless one was named (a farm's tree is never touched), or a private one
 * that ends with the scope.
 */
export async function meetingPlace(
  given: string | undefined,
  runName: string,
  scope: Scope,
  clock: Clock,
): Promise<Meeting> {
  if (given !== undefined) return { hosts: given.includes('/') ? given : `${given}/${runName}`, private: false };
  const server = await startZooKeeper({ clock, fsync: false });
  scope.own(server, (it) => it.stop());
  return { hosts: server.hosts, private: true };
}
