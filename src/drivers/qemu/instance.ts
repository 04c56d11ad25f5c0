import { isIPv4 } from 'node:net';
import type { Instance, InstanceState } from '../driver';
import { type MachineRecord, externalIdOf } from './machine-record';

/** The machine as the core sees it. `address` is where its ports are announced, `hostName` the host it is on. */
export function instanceOf(
  record: MachineRecord,
  state: InstanceState,
  place: { readonly address: string; readonly hostName: string },
  fault?: string,
): Instance {
  const { address, hostName } = place;
  return {
    externalId: externalIdOf(record),
    name: record.name,
    state,
    ...(fault === undefined ? {} : { fault }),
    metadata: record.metadata,
    interfaceIp: address,
    ...(isIPv4(address) ? { publicIpv4: address } : {}),
    connectionPort: record.port,
    hostId: hostName,
    resources: record.resources,
  };
}
