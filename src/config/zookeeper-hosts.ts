import type { ZooKeeperServerSection } from './schema';

/**
 * The host string of the Python client (zk-tree 1): `host:port` with the chroot appended, joined with commas. The client
 * splits it at the first slash, so that a chroot on any server but the last swallows the servers after it; fleets
 * configured that way live under that odd path, so this is not put right here.
 */
export function zooKeeperHosts(servers: readonly ZooKeeperServerSection[]): string {
  return servers.map((it) => `${hostText(it.host)}:${it.port}${it.chroot ?? ''}`).join(',');
}

/** What to tell about chroots that do not do what they seem to; undefined if all is well. */
export function chrootRemark(servers: readonly ZooKeeperServerSection[]): string | undefined {
  const last = servers.length - 1;
  if (servers.some((it) => it.chroot && !it.chroot.startsWith('/'))) {
    return 'a chroot that does not begin with "/" becomes part of the port, which no client can connect to';
  }
  if (!servers.some((it, index) => it.chroot && index !== last)) return undefined;
  const hosts = zooKeeperHosts(servers);
  const cut = hosts.indexOf('/');
  return (
    `the servers used are only ${hosts.slice(0, cut)}, and the chroot is ${hosts.slice(cut)}; ` +
    'this is what the Python programs do, too'
  );
}

function hostText(host: string): string {
  if (!host.includes(':') || host.startsWith('[')) return host;
  const [address = '', zone] = host.split('%');
  const scope = zone === undefined ? '' : `%${zone}`;
  // The URL parser writes an IPv6 address in its canonical form, brackets included.
  const url = URL.canParse(`http://[${address}]/`) ? new URL(`http://[${address}]/`).hostname : undefined;
  return url === undefined ? host : `[${url.slice(1, -1)}${scope}]`;
}
