import type { KeyPath } from './problem';

const NO_DATABASE = 'there is no SQL database any more; state is in ZooKeeper: use "zookeeper-servers"';
const OLD_SCHEDULER = 'Jenkins is not served any more: remove this key; the scheduler asks through ZooKeeper';
const NO_LOGIN = 'remove it: nodes are not logged in to any more';
const FLAVOR = 'use "pools[].labels[].flavor-name"';
const KEY_NAME = 'it is a setting of a label: use "pools[].labels[].key-name"';
const IN_CLOUDS_YAML = 'credentials are in clouds.yaml: name its entry with "cloud"';

/**
 * Keys of earlier releases and what stands in their place (config.md 16). By the list or mapping they stand in; `''` is
 * the top level.
 */
export const OLD_KEYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    dburi: NO_DATABASE,
    'gearman-servers': 'requests come through ZooKeeper: use "zookeeper-servers", and point the scheduler at it',
    'zmq-publishers': 'the scheduler reports through ZooKeeper: use "zookeeper-servers" and remove this key',
    targets: 'targets are gone: the scheduler locks nodes in ZooKeeper; remove this key',
    jenkins: OLD_SCHEDULER,
    'snapshot-images': 'images are built as "diskimages" or exist in the cloud: use "cloud-images" of the provider',
    'script-dir': 'images are not made by scripts any more: use "elements-dir" and "diskimages"',
    'image-update': 'write it as "cron: {image-update: …}", or use "rebuild-age" of the diskimage',
    database: NO_DATABASE,
  },
  cron: {
    cleanup: 'clean-up is continuous; remove this key',
    check: 'ready nodes are not checked by schedule any more; remove this key',
  },
  labels: {
    image:
      'labels do not name images any more: use "diskimage" or "cloud-image" of the label in a provider\'s pool; ' +
      'and mind that "min-ready" is 0 if not given, it was 2',
    subnodes: 'ask for several nodes in one request (a nodeset of the scheduler) instead',
    'ready-script': 'put it into the image, or into a base job of the scheduler',
    providers: 'name the label in "providers[].pools[].labels" instead',
  },
  diskimages: {
    'image-types': 'use "formats"',
    'qemu-img-options': 'set the environment of the build with "env-vars"',
    'disk-image-create': 'use "dib-cmd"',
  },
  providers: {
    images: 'use "diskimages" for images that are built and "cloud-images" for those in the cloud',
    'max-servers': 'it is a limit of a pool now: use "pools[].max-servers"',
    networks: 'it is a setting of a pool now: use "pools[].networks", a list of plain names',
    'availability-zones': 'it is a setting of a pool now: use "pools[].availability-zones"',
    'security-groups': 'it is a setting of a pool now: use "pools[].security-groups"',
    'image-type': 'the format is taken from the cloud configuration ("image_format" in clouds.yaml) and "formats"',
    'template-hostname': 'use "image-name-format"',
    'hostname-format': 'instances are named np<node id>; remove this key',
    'auth-url': IN_CLOUDS_YAML,
    username: IN_CLOUDS_YAML,
    password: IN_CLOUDS_YAML,
    'project-id': IN_CLOUDS_YAML,
    'project-name': IN_CLOUDS_YAML,
    'service-type': IN_CLOUDS_YAML,
    'service-name': IN_CLOUDS_YAML,
    'api-timeout': 'set "api_timeout" of the entry in clouds.yaml',
    keypair: KEY_NAME,
    pool: 'floating IPs are configured in clouds.yaml; see "pools[].auto-floating-ip"',
    'ipv6-preferred': 'set "force_ipv4" in clouds.yaml where IPv4 is wanted',
    'pool-name': 'use "pools[].name"',
  },
  pools: {
    'auto-floating-ips': 'use "auto-floating-ip"',
    'max-instances': 'use "max-servers"',
  },
  nodes: { 'ssh-port': 'use "connection-port"', 'ssh-user': 'use "username"' },
  'cloud-images': {
    'key-name': KEY_NAME,
    'private-key': NO_LOGIN,
    'name-filter': FLAVOR,
  },
  images: {
    name: 'use "name" in the provider\'s "diskimages" if it is built, in "cloud-images" if the cloud has it',
    diskimage: 'use "name" in the provider\'s "diskimages", and "pools[].labels[].diskimage"',
    'base-image': 'use "image-name" in "cloud-images"; what was installed on top is now a diskimage',
    'min-ram': 'it is a setting of a label now: use "pools[].labels[].min-ram"',
    'name-filter': FLAVOR,
    'key-name': KEY_NAME,
    meta: 'use "meta" in the provider\'s "diskimages"; for servers "pools[].labels[].instance-properties"',
    'config-drive': 'use "config-drive" in the provider\'s "diskimages" or "cloud-images"',
    setup: 'servers are not prepared by scripts any more: put it into an element of the diskimage',
    reset: 'servers are not prepared by scripts any more: remove this key',
    username: 'use "username" in the main "diskimages", or in the provider\'s "cloud-images"',
    'user-home': NO_LOGIN,
    'private-key': NO_LOGIN,
  },
  networks: {
    name: 'write the plain name: "pools[].networks: [NAME]"',
    'net-id': 'write the plain id: "pools[].networks: [ID]"',
    'net-label': 'write the plain name: "pools[].networks: [NAME]"',
    public: 'set "routes_externally" of the network in clouds.yaml',
  },
  targets: {
    rate: 'remove this key: nobody is asked at a rate any more',
    jenkins: OLD_SCHEDULER,
    hostname: 'instances are named np<node id>; remove this key',
    'subnode-hostname': 'instances are named np<node id>; remove this key',
    'assign-via-gearman': 'requests come through ZooKeeper: remove this key',
  },
  jenkins: { url: OLD_SCHEDULER, user: OLD_SCHEDULER, apikey: OLD_SCHEDULER, credentials: OLD_SCHEDULER },
  database: { dburi: NO_DATABASE },
};

/** What to write instead of an old key; undefined if it never was one there. */
export function oldKeyHint(path: KeyPath, key: string): string | undefined {
  const list = path.filter((it) => typeof it === 'string').at(-1) ?? '';
  const table = OLD_KEYS[list];
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Old keys within the value of a key that is old itself, with the places they stand at. */
export function oldKeysWithin(path: KeyPath, value: unknown): { readonly path: KeyPath; readonly hint: string }[] {
  if (Array.isArray(value)) return value.flatMap((it, index) => oldKeysWithin([...path, index], it));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const hint = oldKeyHint(path, key);
    const own = hint === undefined ? [] : [{ path: [...path, key], hint }];
    return [...own, ...oldKeysWithin([...path, key], inner)];
  });
}
