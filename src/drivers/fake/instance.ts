import type { PoolLabelConfig } from '../../config/types';
import type { Resources } from '../../model/records';
import type { Instance, InstanceState } from '../driver';
import type { Flavor, ServerStatus, ServerView } from './model';

const STATES: Readonly<Record<ServerStatus, InstanceState>> = {
  BUILD: 'starting',
  ACTIVE: 'running',
  ERROR: 'failed',
  DELETING: 'deleting',
};

/** A server in the words of the contract (drivers.md 5.3, node attributes). */
export function instanceOf(server: ServerView, section: Readonly<Record<string, unknown>>): Instance {
  const up = server.status === 'ACTIVE';
  return {
    externalId: server.id,
    name: server.name,
    state: STATES[server.status],
    ...(server.fault === null ? {} : { fault: server.fault }),
    metadata: server.metadata,
    ...(up ? addresses(server) : {}),
    ...textOf('cloud', section['cloud']),
    ...textOf('region', section['region-name']),
    zone: server.zone,
    resources: resourcesOf(server.flavor, server.volume_gb),
  };
}

/** What a node of the label will use (drivers.md 2). */
export function needOf(flavor: Flavor, label: PoolLabelConfig): Resources {
  return resourcesOf(flavor, volumeGbOf(label));
}

/** Size of the volume that a node of the label boots from; 0 if it does not. */
export function volumeGbOf(label: PoolLabelConfig): number {
  const { section } = label;
  if (section['boot-from-volume'] !== true) return 0;
  return typeof section['volume-size'] === 'number' ? section['volume-size'] : 50;
}

function resourcesOf(flavor: Flavor, volumeGb: number): Resources {
  const base = { instances: 1, cores: flavor.vcpus, ram: flavor.ram };
  return volumeGb === 0 ? base : { ...base, volumes: 1, 'volume-gb': volumeGb };
}

function addresses(server: ServerView) {
  return {
    hostId: server.host_id,
    publicIpv4: server.public_v4,
    privateIpv4: server.private_v4,
    publicIpv6: server.public_v6,
    interfaceIp: server.public_v4 === '' ? server.private_v4 : server.public_v4,
  };
}

function textOf<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  return typeof value === 'string' ? ({ [key]: value } as Record<K, string>) : {};
}
