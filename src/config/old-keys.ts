import type { KeyPath } from './problem';

/**
 * Keys of earlier releases and what stands in their place (config.md 16). By the list they stand in; `''` is the top
 * level.
 */
const OLD_KEYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    dburi: 'there is no SQL database any more; state is in ZooKeeper: use "zookeeper-servers"',
    'gearman-servers': 'requests come through ZooKeeper: use "zookeeper-servers", and point the scheduler at it',
    'zmq-publishers': 'the scheduler reports through ZooKeeper: use "zookeeper-servers" and remove this key',
    targets: 'targets are gone: the scheduler locks nodes in ZooKeeper; remove this key',
    jenkins: 'Jenkins is not served any more: remove this key; the scheduler asks through ZooKeeper',
    'snapshot-images': 'images are built as "diskimages" or exist in the cloud: use "cloud-images" of the provider',
    'script-dir': 'images are not made by scripts any more: use "elements-dir" and "diskimages"',
    'image-update': 'write it as "cron: {image-update: …}", or use "rebuild-age" of the diskimage',
    database: 'there is no SQL database any more; state is in ZooKeeper: use "zookeeper-servers"',
  },
  cron: {
    cleanup: 'clean-up is continuous; remove this key',
    check: 'ready nodes are not checked by schedule any more; remove this key',
  },
  labels: {
    image: 'labels do not name images any more: use "diskimage" or "cloud-image" of the label in a provider\'s pool',
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
    networks: 'it is a setting of a pool now: use "pools[].networks"',
    'availability-zones': 'it is a setting of a pool now: use "pools[].availability-zones"',
    'security-groups': 'it is a setting of a pool now: use "pools[].security-groups"',
    'image-type': 'the format is taken from the cloud configuration ("image_format" in clouds.yaml) and "formats"',
    'template-hostname': 'use "image-name-format"',
    'hostname-format': 'instances are named np<node id>; remove this key',
    'auth-url': 'credentials are in clouds.yaml: name its entry with "cloud"',
    username: 'credentials are in clouds.yaml: name its entry with "cloud"',
    password: 'credentials are in clouds.yaml: name its entry with "cloud"',
    'project-id': 'credentials are in clouds.yaml: name its entry with "cloud"',
    'project-name': 'credentials are in clouds.yaml: name its entry with "cloud"',
    'service-type': 'credentials are in clouds.yaml: name its entry with "cloud"',
    'service-name': 'credentials are in clouds.yaml: name its entry with "cloud"',
    'api-timeout': 'set "api_timeout" of the entry in clouds.yaml',
    keypair: 'it is a setting of a label now: use "pools[].labels[].key-name"',
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
    'key-name': 'it is a setting of a label: use "pools[].labels[].key-name"',
    'private-key': 'remove it: nodes are not logged in to any more',
    'name-filter': 'use "flavor-name" of the label',
  },
};

/** What to write instead of an old key; undefined if it never was one there. */
export function oldKeyHint(path: KeyPath, key: string): string | undefined {
  const list = path.filter((it) => typeof it === 'string').at(-1) ?? '';
  const table = OLD_KEYS[list];
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}
