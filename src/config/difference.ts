import { sameValue } from './same-value';
import type { Config, DiskImageConfig, LabelConfig, PoolConfig, ProviderConfig } from './types';

/** Names on either side of a reload, in the order of the file they are in. */
export interface NamesChanged {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What a reload changes (config.md 13). */
export interface ConfigDifference {
  /** Changed in any way, pools included: its connection is replaced; requests in progress end on the old one. */
  readonly providers: NamesChanged;
  /** By `<provider>-<pool>`, the name of the pool's worker. */
  readonly pools: NamesChanged;
  readonly labels: NamesChanged;
  /** Without regard to `deleteAfterUpload` and `keepFormats`, as Python compares them. */
  readonly diskImages: NamesChanged;
  /** A new host list that the ZooKeeper client is to be given; undefined if it is the same. */
  readonly zooKeeperHosts: string | undefined;
  readonly tenantLimits: boolean;
  /** Keys of the file whose change takes effect only when the program is started again. */
  readonly needRestart: readonly string[];
}

/** The difference between two configurations, as data. */
export function configDifference(before: Config, after: Config): ConfigDifference {
  const [old, now] = [splitHosts(before.zookeeper.hosts), splitHosts(after.zookeeper.hosts)];
  const restart = {
    webapp: sameValue(before.webapp, after.webapp),
    'zookeeper-tls': sameValue(before.zookeeper.tls, after.zookeeper.tls),
    'zookeeper-timeout': before.zookeeper.timeout === after.zookeeper.timeout,
    'zookeeper-servers.chroot': old.chroot === now.chroot,
  };
  return {
    providers: compare(before.providers, after.providers, sameProvider),
    pools: compare(poolsOf(before), poolsOf(after), samePool),
    labels: compare(before.labels, after.labels, sameLabel),
    diskImages: compare(before.diskImages, after.diskImages, sameDiskImage),
    zooKeeperHosts: old.hosts === now.hosts ? undefined : after.zookeeper.hosts,
    tenantLimits: !sameValue(before.tenantLimits, after.tenantLimits),
    needRestart: Object.entries(restart).flatMap(([key, same]) => (same ? [] : [key])),
  };
}

/** Deep over everything that was read of the provider. */
export const sameProvider = (a: ProviderConfig, b: ProviderConfig) => sameValue(a, b);
/** The same account, reached the same way: what was learned of it stays true whatever became of the pools. */
export function sameAccount(a: ProviderConfig, b: ProviderConfig): boolean {
  const rest = ({ pools: _pools, section: { pools: _sections, ...section }, ...others }: ProviderConfig) => ({
    ...others,
    section,
  });
  return sameValue(rest(a), rest(b));
}
export const samePool = (a: PoolConfig, b: PoolConfig) => sameValue(a, b);

/** Which pools offer a label is the pools' business. */
export const sameLabel = (a: LabelConfig, b: LabelConfig) => sameValue({ ...a, pools: [] }, { ...b, pools: [] });

/** Python's equality forgets `delete-after-upload` and `keep-formats` (config.md 6). */
export function sameDiskImage(a: DiskImageConfig, b: DiskImageConfig): boolean {
  const compared = ({ deleteAfterUpload: _delete, keepFormats: _keep, ...rest }: DiskImageConfig) => rest;
  return sameValue(compared(a), compared(b));
}

function compare<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  same: (a: T, b: T) => boolean,
): NamesChanged {
  return {
    added: [...after.keys()].filter((it) => !before.has(it)),
    removed: [...before.keys()].filter((it) => !after.has(it)),
    changed: [...after].flatMap(([name, it]) => {
      const old = before.get(name);
      return old === undefined || same(old, it) ? [] : [name];
    }),
  };
}

function poolsOf(config: Config): Map<string, PoolConfig> {
  const pools = [...config.providers.values()].flatMap((it) => [...it.pools.values()]);
  return new Map(pools.map((it) => [`${it.provider}-${it.name}`, it]));
}

function splitHosts(text: string) {
  const cut = text.indexOf('/');
  return cut === -1 ? { hosts: text, chroot: '' } : { hosts: text.slice(0, cut), chroot: text.slice(cut) };
}
