import { ZkError } from './errors';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface Ensemble {
  readonly servers: readonly ServerAddress[];
  /** Begins with `/`, does not end with it; empty = none. */
  readonly chroot: string;
}

/** Of the protocol; Nodepool's own default of 2281 is put into the string by its configuration (zk-tree 1). */
const DEFAULT_PORT = 2181;

/**
 * `host:port,…[/chroot]`, split at the first `/` like the Python client, so that `zk1:2281/np,zk2:2281/np` means the one
 * server `zk1` and the chroot `/np,zk2:2281/np` (zk-tree 1). IPv6 literals stand in brackets.
 */
export function parseHostString(hosts: string): Ensemble {
  const slash = hosts.indexOf('/');
  const list = slash === -1 ? hosts : hosts.slice(0, slash);
  const servers = list.split(',').map((it) => parseServer(it.trim(), hosts));
  return { servers, chroot: slash === -1 ? '' : parseChroot(hosts.slice(slash), hosts) };
}

export function sameServer(one: ServerAddress, other: ServerAddress): boolean {
  return one.host === other.host && one.port === other.port;
}

function parseServer(text: string, whole: string): ServerAddress {
  const match = /^(?:\[([^\][]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (host === undefined || port === 0 || port > 65_535) throw new ZkError('BAD_ARGUMENTS', whole);
  return { host, port };
}

function parseChroot(text: string, whole: string): string {
  const parts = text.split('/').filter((it) => it !== '');
  if (parts.some((it) => it === '.' || it === '..')) throw new ZkError('BAD_ARGUMENTS', whole);
  return parts.map((it) => `/${it}`).join('');
}
