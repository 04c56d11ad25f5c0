import type { Node } from '../model/records';
import { CommandError } from './failure';

export interface SshWishes {
  /** In place of the record's. */
  readonly user?: string | undefined;
  readonly identity?: string | undefined;
  /** Connect although there are no keys to check. */
  readonly insecure: boolean;
  /** Run there; none: a shell. */
  readonly command: readonly string[];
}

/** The line of a known_hosts file for each key of the record. */
export function knownHosts({ interfaceIp, connectionPort, hostKeys }: Node): string {
  const host = connectionPort === 22 ? interfaceIp : `[${interfaceIp}]:${String(connectionPort)}`;
  return hostKeys.map((it) => `${host} ${it}\n`).join('');
}

/**
 * Arguments of ssh(1) for a node: its address, port and user, and no host keys but those of the record, which are in
 * `knownHostsFile`. Throws a CommandError that says why it cannot be reached so.
 */
export function sshArguments(id: string, node: Node, knownHostsFile: string, wishes: SshWishes): readonly string[] {
  const { interfaceIp, connectionPort, connectionType, hostKeys, username, state } = node;
  if (connectionType !== null && connectionType !== 'ssh') {
    throw new CommandError(`node ${id} is not reached by ssh but by ${connectionType}`);
  }
  if (interfaceIp === null) throw new CommandError(`node ${id} has no address yet (state ${state})`);
  if (typeof connectionPort !== 'number') throw new CommandError(`node ${id} has no port number to connect to`);
  if (hostKeys.length === 0 && !wishes.insecure) {
    throw new CommandError(
      `node ${id} has no host keys on record: who answers cannot be checked (--insecure connects)`,
    );
  }
  const user = wishes.user ?? username;
  const options = [
    `UserKnownHostsFile=${knownHostsFile}`,
    'GlobalKnownHostsFile=/dev/null',
    `StrictHostKeyChecking=${hostKeys.length === 0 ? 'no' : 'yes'}`,
    'UpdateHostKeys=no',
  ];
  return [
    ...options.flatMap((it) => ['-o', it]),
    '-p',
    String(connectionPort),
    ...(wishes.identity === undefined ? [] : ['-i', wishes.identity]),
    ...(user === null ? [] : ['-l', user]),
    interfaceIp,
    ...(wishes.command.length === 0 ? [] : ['--', ...wishes.command]),
  ];
}
