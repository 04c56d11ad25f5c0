import { substitute } from './substitute';
import type { ZooKeeperConfig } from './types';
import { readYaml } from './yaml';
import { chrootRemark, zooKeeperHosts } from './zookeeper-hosts';

/**
 * Where ZooKeeper is, from a file that says it plainly: undefined if there is anything about it to check or to remark, which
 * is then for `parseZooKeeper`. Says the same as that does, without the schema, which takes longer to load than a command
 * to run.
 */
export function plainZooKeeper(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): ZooKeeperConfig | undefined {
  const top = mappingOf(topOf(substitute(text, env)));
  const servers = listOfServers(top?.['zookeeper-servers']);
  const timeout = top?.['zookeeper-timeout'] ?? 10;
  const tls = top?.['zookeeper-tls'];
  if (servers === undefined || typeof timeout !== 'number' || !(timeout > 0 && timeout < 1e6)) return undefined;
  if (top?.['zookeeper-timeout'] === null || chrootRemark(servers) !== undefined) return undefined;
  if (tls === undefined) return { hosts: zooKeeperHosts(servers), tls: undefined, timeout };
  const { cert, key, ca, ...rest } = mappingOf(tls) ?? {};
  if (!isText(cert) || !isText(key) || !isText(ca) || Object.keys(rest).length > 0) return undefined;
  return { hosts: zooKeeperHosts(servers), tls: { cert, key, ca }, timeout };
}

function topOf(text: string): unknown {
  try {
    return readYaml(text).value;
  } catch {
    return undefined; // whoever reads it thoroughly says what is wrong
  }
}

function listOfServers(value: unknown) {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const servers = value.flatMap((it: unknown) => {
    const { host, port, chroot, ...rest } = mappingOf(it) ?? {};
    if (!isText(host) || !Number.isInteger(port) || Object.keys(rest).length > 0) return [];
    if (chroot !== undefined && !isText(chroot)) return [];
    return [{ host, port: port as number, ...(chroot === undefined ? {} : { chroot }) }];
  });
  return servers.length === value.length ? servers : undefined;
}

function mappingOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? (value as Readonly<Record<string, unknown>>) : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
