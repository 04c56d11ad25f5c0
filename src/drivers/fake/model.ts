/**
 * The things a simulated cloud holds. Records are plain JSON so that they can be journalled; times are wall milliseconds,
 * `null` where the moment never comes. What a server looks like is a function of its record and the time, so nothing has
 * to run for time to pass and a restarted cloud goes on where it was.
 */
export interface Flavor {
  readonly id: string;
  readonly name: string;
  /** MiB. */
  readonly ram: number;
  readonly vcpus: number;
}

export interface Network {
  readonly id: string;
  readonly name: string;
  /** Servers on it get an IPv6 address as well. */
  readonly ipv6: boolean;
}

export interface ServerRecord {
  readonly id: string;
  readonly name: string;
  readonly flavor: Flavor;
  readonly imageId: string;
  readonly zone: string;
  /** Ids. */
  readonly networks: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly keyName: string | null;
  readonly securityGroups: readonly string[];
  /** Size of the boot volume; 0 without one. */
  readonly volumeGb: number;
  readonly createdAt: number;
  /** When BUILD ends. */
  readonly settlesAt: number | null;
  readonly outcome: 'ACTIVE' | 'ERROR';
  readonly fault: string | null;
  readonly deletedAt: number | null;
  /** When it stops existing; meaningful once `deletedAt` is set. */
  readonly goneAt: number | null;
  /** How far lists lag behind for this server. */
  readonly lagMs: number;
}

export type ServerStatus = 'BUILD' | 'ACTIVE' | 'ERROR' | 'DELETING';

/** A server as replies show it. */
export interface ServerView {
  readonly id: string;
  readonly name: string;
  readonly status: ServerStatus;
  readonly fault: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly flavor: Flavor;
  readonly image_id: string;
  readonly zone: string;
  readonly host_id: string;
  readonly public_v4: string;
  readonly private_v4: string;
  readonly public_v6: string;
  readonly volume_gb: number;
}

export type ImageStatus = 'queued' | 'active';

export interface ImageRecord {
  readonly id: string;
  readonly name: string;
  readonly status: ImageStatus;
  readonly metadata: Readonly<Record<string, string>>;
  readonly format: string | null;
  readonly size: number;
  readonly sha256: string | null;
  readonly createdAt: number;
  /** When it can be booted, once its data are there. */
  readonly readyAt: number | null;
}

export interface PortRecord {
  readonly id: string;
  readonly status: 'ACTIVE' | 'DOWN';
  readonly device_owner: string;
  readonly device_id: string;
}

export interface FloatingIpRecord {
  readonly id: string;
  readonly address: string;
  /** Null: attached to nothing, and paid for. */
  readonly server_id: string | null;
}

/** What servers use of an account, as limits count it. */
export interface Usage {
  readonly instances: number;
  readonly cores: number;
  readonly ram: number;
  readonly volumes: number;
  readonly 'volume-gb': number;
}

export const NO_USAGE: Usage = { instances: 0, cores: 0, ram: 0, volumes: 0, 'volume-gb': 0 };

export function usageOf(server: Pick<ServerRecord, 'flavor' | 'volumeGb'>): Usage {
  return {
    instances: 1,
    cores: server.flavor.vcpus,
    ram: server.flavor.ram,
    volumes: server.volumeGb > 0 ? 1 : 0,
    'volume-gb': server.volumeGb,
  };
}

export function addUsage(one: Usage, other: Usage, sign: 1 | -1 = 1): Usage {
  return {
    instances: one.instances + sign * other.instances,
    cores: one.cores + sign * other.cores,
    ram: one.ram + sign * other.ram,
    volumes: one.volumes + sign * other.volumes,
    'volume-gb': one['volume-gb'] + sign * other['volume-gb'],
  };
}

/** The status at a moment; undefined before it exists and after it is gone. */
export function statusAt(server: ServerRecord, at: number): ServerStatus | undefined {
  if (at < server.createdAt) return undefined;
  if (server.deletedAt !== null && at >= server.deletedAt) return isGone(server, at) ? undefined : 'DELETING';
  return server.settlesAt !== null && at >= server.settlesAt ? server.outcome : 'BUILD';
}

export function isGone(server: ServerRecord, at: number): boolean {
  return server.deletedAt !== null && server.goneAt !== null && at >= server.goneAt;
}

/** What a view shows besides the record. */
export interface Surroundings {
  readonly networks: readonly Network[];
  /** What servers that run are reached by from outside; empty where they need a floating IP and have none. */
  publicAddress(server: ServerRecord): string;
}

export function viewAt(server: ServerRecord, around: Surroundings, at: number): ServerView | undefined {
  const status = statusAt(server, at);
  if (status === undefined) return undefined;
  const up = status === 'ACTIVE';
  const ipv6 = around.networks.some((it) => it.ipv6 && server.networks.includes(it.id));
  return {
    id: server.id,
    name: server.name,
    status,
    fault: status === 'ERROR' ? server.fault : null,
    metadata: server.metadata,
    flavor: server.flavor,
    image_id: server.imageId,
    zone: server.zone,
    // Addresses that say `fake` count as scanned already (drivers.md 3.1, 6).
    host_id: up ? 'fake' : '',
    public_v4: up ? around.publicAddress(server) : '',
    private_v4: up ? 'fake' : '',
    public_v6: up && ipv6 ? 'fake_v6' : '',
    volume_gb: server.volumeGb,
  };
}
