import type { PoolConfig } from '../config/types';
import type { ExternalId, Instance } from '../drivers/driver';
import { RawJson, type Json } from '../model/json';
import { newNode } from '../model/node-record';
import type { Node, NodeRequest, Resources } from '../model/records';
import type { ImageChoice } from './image-choice';

export interface NewNode {
  readonly provider: string;
  readonly pool: PoolConfig;
  readonly label: string;
  /** Id of the pool component. */
  readonly launcher: string;
  readonly requestId: string;
  readonly request: NodeRequest;
  readonly need: Resources;
  /** Undefined: there is none at the moment; the launch will find out whether that stays so. */
  readonly choice: ImageChoice | undefined;
  readonly zone: string | undefined;
  readonly nowSeconds: number;
}

/**
 * The record that a node begins its launch with (launcher.md 7 6b): `building`, since record and lock appear together.
 * `resources` are there from the start, where Python adds them later: limits count a node from the moment it exists.
 */
export function newNodeRecord(it: NewNode): Node {
  return newNode({
    provider: it.provider,
    pool: it.pool.name,
    type: [it.label],
    stateTime: it.nowSeconds,
    allocatedTo: it.requestId,
    launcher: it.launcher,
    username: null,
    resources: Object.keys(it.need).length === 0 ? null : it.need,
    attributes: it.pool.nodeAttributes,
    tenantName: it.request.tenantName,
    requestor: it.request.requestor,
    ...(it.choice === undefined ? {} : preparedChange(it.choice, it.zone)),
  });
}

/** What a node takes from image and label before its instance is asked for. */
export function preparedChange(choice: ImageChoice, zone: string | undefined): Partial<Node> {
  const { image: _image, ...facts } = choice;
  return { state: 'building', az: zone ?? null, ...facts };
}

/** Whether writing `change` would change nothing. */
export function isIn(record: Node, change: Partial<Node>): boolean {
  return Object.entries(change).every(([key, value]) => record[key as keyof Node] === value);
}

/** What a node takes from its running instance (launcher.md 15, "instance data copied"). */
export function instanceChange(instance: Instance, pool: PoolConfig, zone: string | null): Partial<Node> {
  const inside = pool.useInternalIp ? instance.privateIpv4 : undefined;
  return {
    externalId: asJson(instance.externalId),
    interfaceIp: inside ?? instance.interfaceIp ?? null,
    publicIpv4: instance.publicIpv4 ?? null,
    privateIpv4: instance.privateIpv4 ?? null,
    publicIpv6: instance.publicIpv6 ?? null,
    hostId: instance.hostId ?? null,
    cloud: instance.cloud ?? null,
    region: instance.region ?? null,
    az: instance.zone ?? zone,
    slot: instance.slot ?? null,
    driverData: instance.driverData === undefined ? null : RawJson.of(instance.driverData),
    ...(Object.keys(instance.resources).length === 0 ? {} : { resources: instance.resources }),
    ...(instance.connectionPort === undefined ? {} : { connectionPort: instance.connectionPort }),
    ...(instance.connectionType === undefined ? {} : { connectionType: instance.connectionType }),
    ...(instance.username === undefined ? {} : { username: instance.username }),
    ...(instance.pythonPath === undefined ? {} : { pythonPath: instance.pythonPath }),
    ...(instance.shellType === undefined ? {} : { shellType: instance.shellType }),
    ...(instance.hostKeys === undefined ? {} : { hostKeys: instance.hostKeys }),
    ...(instance.attributes === undefined
      ? {}
      : { attributes: { ...instance.attributes, ...(pool.nodeAttributes ?? {}) } }),
  };
}

export function asJson(externalId: ExternalId): Json {
  return externalId;
}

/** `np` and the node's id, and the attempt from the second on: the same name is the same instance, whoever asks. */
export function instanceName(node: string, attempt: number): string {
  return attempt === 1 ? `np${node}` : `np${node}-${attempt}`;
}

/** The attempt that an instance's name tells; 1 for names that are not ours. */
export function attemptOf(node: string, name: string): number {
  const rest = name.startsWith(`np${node}-`) ? Number(name.slice(`np${node}-`.length)) : 1;
  return Number.isInteger(rest) && rest > 1 ? rest : 1;
}
