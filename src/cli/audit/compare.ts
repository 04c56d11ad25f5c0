import type { ProviderConfig } from '../../config/types';
import { findImageOrphans } from '../../decide/image-orphans';
import type { CloudImage, Instance, Leftover } from '../../drivers/driver';
import type { UploadEntry } from '../../store/api';
import type { Finding } from '../../views/findings';
import { allUploads } from '../all-uploads';
import { machineFindings, type MachineListing } from './machines';
import { IN_MOTION, type Records } from './records';

/** What one cloud showed. A part that the provider does not have is undefined. */
export interface CloudListing {
  readonly instances: readonly Instance[] | undefined;
  readonly images: readonly CloudImage[] | undefined;
  readonly leftovers: readonly Leftover[];
  /** Of providers that launch nothing: what the configuration says. */
  readonly machines: MachineListing | undefined;
}

/** Whose things are looked at: those of others in the same account are theirs. */
export interface Audited {
  readonly config: ProviderConfig;
  readonly installation: string | undefined;
  readonly cloud: CloudListing;
}

/** Where a provider's cloud and the records disagree. What is being made or deleted is not counted. */
export function compareProvider(it: Audited, before: Records, after: Records): readonly Finding[] {
  const { config, cloud } = it;
  const { name: provider } = config;
  return [
    ...(cloud.instances === undefined ? [] : instanceFindings(it, cloud.instances, after)),
    ...(cloud.instances === undefined ? [] : nodeFindings(provider, cloud.instances, before, after)),
    ...(cloud.images === undefined ? [] : imageFindings(it, cloud.images, after)),
    ...(cloud.images === undefined ? [] : uploadFindings(provider, cloud.images, before, after)),
    ...(cloud.machines === undefined ? [] : machineFindings(provider, cloud.machines, before, after)),
    ...cloud.leftovers.map((left): Finding => {
      return { provider, resource: left.kind, id: left.id, name: null, problem: 'not used', detail: '' };
    }),
  ];
}

/** Records of providers that nobody here knows. */
export function strayRecords(
  configured: (provider: string) => boolean,
  { nodes, images }: Records,
): readonly Finding[] {
  const problem = 'provider not configured' as const;
  const strayNodes = [...nodes.values()].flatMap(({ id, record }): Finding[] => {
    const provider = record?.provider ?? null;
    if (provider === null || configured(provider)) return [];
    return [
      { provider, resource: 'node', id, name: record?.hostname ?? null, problem, detail: `state ${record?.state}` },
    ];
  });
  const strayUploads = allUploads(images).flatMap((it): Finding[] => {
    if (configured(it.key.provider)) return [];
    return [{ ...uploadFacts(it), problem, detail: `state ${it.record?.state ?? 'unknown'}` }];
  });
  return [...strayNodes, ...strayUploads];
}

function instanceFindings({ config, installation }: Audited, instances: readonly Instance[], { nodes }: Records) {
  const { name: provider } = config;
  return instances.flatMap((it): Finding[] => {
    const { nodepool_provider_name: owner, nodepool_node_id: id, nodepool_installation_id: mark } = it.metadata;
    if (owner !== provider || mark !== installation || id === undefined || it.state === 'deleting') return [];
    const facts = { provider, resource: 'instance', id: it.externalId, name: it.name };
    const node = nodes.get(id);
    if (node === undefined || (node.record !== undefined && node.record.provider !== provider)) {
      return [{ ...facts, problem: 'instance without node', detail: `made for node ${id}` }];
    }
    const { record } = node;
    if (record === undefined || IN_MOTION.has(record.state) || sameId(record.externalId, it.externalId)) return [];
    return [{ ...facts, problem: 'instance not of its node', detail: `node ${id} has another` }];
  });
}

function nodeFindings(provider: string, instances: readonly Instance[], before: Records, after: Records) {
  const there = new Set(instances.map((it) => JSON.stringify(it.externalId)));
  return [...after.nodes.values()].flatMap(({ id, record }): Finding[] => {
    if (record?.provider !== provider || record.externalId === null || IN_MOTION.has(record.state)) return [];
    const known = before.nodes.get(id)?.record;
    if (known === undefined || !sameId(known.externalId, record.externalId)) return []; // it came meanwhile
    if (there.has(JSON.stringify(record.externalId))) return [];
    const detail = `state ${record.state}, instance ${JSON.stringify(record.externalId)} is not there`;
    return [{ provider, resource: 'node', id, name: record.hostname, problem: 'node without instance', detail }];
  });
}

function imageFindings({ config, installation }: Audited, images: readonly CloudImage[], records: Records) {
  const { name: provider } = config;
  return findImageOrphans({ provider, installation }, images, records.images).map((it): Finding => {
    const { nodepool_build_id: build, nodepool_upload_id: upload } = it.metadata;
    const facts = { provider, resource: 'image', id: it.externalId, name: it.name };
    return { ...facts, problem: 'image without upload', detail: `made for upload ${upload} of build ${build}` };
  });
}

function uploadFindings(provider: string, images: readonly CloudImage[], before: Records, after: Records) {
  const there = new Set(images.map((it) => it.externalId));
  const readyBefore = new Set(readyUploads(provider, before).map(nameOf));
  return readyUploads(provider, after)
    .filter((it) => readyBefore.has(nameOf(it)) && !there.has(it.record?.externalId ?? ''))
    .map((it): Finding => {
      const detail = `image ${it.record?.externalId} is not there`;
      return { ...uploadFacts(it), problem: 'upload without image', detail };
    });
}

function readyUploads(provider: string, { images }: Records): readonly UploadEntry[] {
  return allUploads(images).filter((it) => it.key.provider === provider && it.record?.state === 'ready');
}

function uploadFacts(it: UploadEntry) {
  const { provider, image } = it.key;
  return { provider, resource: 'upload', id: nameOf(it), name: it.record?.externalName ?? image };
}

const nameOf = ({ key }: UploadEntry) => `${key.image}-${key.build}/${key.upload}`;
const sameId = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
