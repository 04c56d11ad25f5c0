import type { Random } from '../../runtime/random';
import type { FloatingIpRecord, Network, PortRecord } from './model';
import type { AccountOptions } from './options';
import { badRequest, noSuch, overQuota } from './refusal';
import { type Change, Table } from './tables';

/** Networks, ports and floating IPs of an account. */
export class Networking {
  readonly ports: Table<'ports'>;
  readonly floatingIps: Table<'floatingIps'>;

  constructor(
    account: string,
    private readonly options: () => AccountOptions,
    private readonly tools: { readonly random: Random; readonly tell: (change: Change) => void },
  ) {
    this.ports = new Table(account, 'ports', tools.tell);
    this.floatingIps = new Table(account, 'floatingIps', tools.tell);
  }

  /** The network of that name or id; without one named, the first that there is. */
  resolve(wanted: readonly string[]): Network[] {
    const { networks } = this.options();
    if (wanted.length === 0) return networks.slice(0, 1);
    return wanted.map((name) => {
      const found = networks.find((it) => it.id === name || it.name === name);
      if (found === undefined) throw badRequest(`Unable to find network ${name}`);
      return found;
    });
  }

  addLeakedPorts(count: number): void {
    for (let index = 0; index < count; index += 1) this.leavePort('');
  }

  /** A port that outlives its server. */
  leavePort(deviceId: string): void {
    const port: PortRecord = {
      id: this.tools.random.hex(16),
      status: 'DOWN',
      device_owner: deviceId === '' ? '' : 'compute:nova',
      device_id: deviceId,
    };
    this.ports.put(port.id, port);
  }

  deletePort(id: string): void {
    if (!this.ports.remove(id)) throw noSuch('port', id);
  }

  get handsOutAddresses(): boolean {
    return this.options().limits['floating-ips'] > 0;
  }

  addressOf(serverId: string): FloatingIpRecord | undefined {
    for (const it of this.floatingIps.values()) if (it.server_id === serverId) return it;
    return undefined;
  }

  /** An address for the server; the one it has, if it has one. */
  attachAddress(serverId: string): FloatingIpRecord {
    const present = this.addressOf(serverId);
    if (present !== undefined) return present;
    if (this.floatingIps.size >= this.options().limits['floating-ips']) throw overQuota();
    const id = this.tools.random.hex(16);
    const row: FloatingIpRecord = { id, address: `fake-${id.slice(0, 8)}`, server_id: serverId };
    this.floatingIps.put(id, row);
    return row;
  }

  /** Its server is gone; nobody deletes it but its owner. */
  detachAddress(serverId: string): void {
    const present = this.addressOf(serverId);
    if (present !== undefined) this.floatingIps.put(present.id, { ...present, server_id: null });
  }

  deleteAddress(id: string): void {
    if (!this.floatingIps.remove(id)) throw noSuch('floating IP', id);
  }
}
