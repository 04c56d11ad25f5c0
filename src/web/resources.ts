import { builderIdOf, webUrlOf } from '../model/component-extras';
import {
  BUILD_STATES,
  COMPONENT_KINDS,
  COMPONENT_STATES,
  NODE_STATES,
  type PoolComponent,
  REQUEST_STATES,
} from '../model/records';
import type { BuildEntry, ComponentEntry, ImageEntry, NodeEntry, RequestEntry } from '../store/api';
import { buildRequestState } from '../views/images';
import type { JsonSchema, Resource, ResourceField } from './resource';

const text = (description: string): JsonSchema => ({ type: ['string', 'null'], description });
const always = (description: string): JsonSchema => ({ type: 'string', description });
const flag = (description: string): JsonSchema => ({ type: 'boolean', description });
const seconds = (description: string): JsonSchema => ({
  type: ['number', 'null'],
  description: `${description}, UNIX seconds.`,
});
const texts = (description: string): JsonSchema => ({
  type: ['array', 'null'],
  items: { type: 'string' },
  description,
});
const anything = (description: string): JsonSchema => ({ description });
const state = (states: readonly string[]): JsonSchema => ({
  type: ['string', 'null'],
  enum: [...states, null],
  description: 'Null if the record cannot be read.',
});
const BROKEN = text('Why the record cannot be read; null if it can.');

const nodeFields: readonly ResourceField<NodeEntry>[] = [
  { name: 'id', schema: always('Id.'), value: (it) => it.id, isFilter: true },
  { name: 'state', schema: state(NODE_STATES), value: (it) => it.record?.state, isFilter: true },
  { name: 'state_time', schema: seconds('Since when'), value: (it) => it.record?.stateTime },
  { name: 'created_time', schema: seconds('When the record was made'), value: (it) => it.record?.createdTime },
  { name: 'locked', schema: flag('Somebody contends for its lock.'), value: (it) => it.locked, isFilter: true },
  { name: 'provider', schema: text('Provider.'), value: (it) => it.record?.provider, isFilter: true },
  { name: 'pool', schema: text('Pool of the provider.'), value: (it) => it.record?.pool, isFilter: true },
  { name: 'labels', schema: texts('Labels that it serves.'), value: (it) => it.record?.type, isFilter: true },
  { name: 'external_id', schema: anything("The cloud's name for it."), value: (it) => it.record?.externalId },
  { name: 'hostname', schema: text('Host name.'), value: (it) => it.record?.hostname },
  { name: 'interface_ip', schema: text('Address to connect to.'), value: (it) => it.record?.interfaceIp },
  { name: 'public_ipv4', schema: text('Public IPv4.'), value: (it) => it.record?.publicIpv4 },
  { name: 'private_ipv4', schema: text('Private IPv4.'), value: (it) => it.record?.privateIpv4 },
  { name: 'public_ipv6', schema: text('Public IPv6.'), value: (it) => it.record?.publicIpv6 },
  { name: 'az', schema: text('Availability zone.'), value: (it) => it.record?.az },
  { name: 'launcher', schema: text('Pool component that made it.'), value: (it) => it.record?.launcher },
  { name: 'allocated_to', schema: text('Request.'), value: (it) => it.record?.allocatedTo, isFilter: true },
  { name: 'hold_job', schema: text('Job that holds it.'), value: (it) => it.record?.holdJob, isFilter: true },
  { name: 'comment', schema: text('Why it is held.'), value: (it) => it.record?.comment },
  { name: 'tenant_name', schema: text('Tenant.'), value: (it) => it.record?.tenantName, isFilter: true },
  { name: 'requestor', schema: text('Who asked for it.'), value: (it) => it.record?.requestor, isFilter: true },
  { name: 'resources', schema: anything('What it takes of the quota.'), value: (it) => it.record?.resources },
  { name: 'broken', schema: BROKEN, value: (it) => it.broken },
];

const nodes: Resource<NodeEntry> = {
  name: 'nodes',
  schemaName: 'Node',
  description: 'Nodes of all providers.',
  part: 'nodes',
  one: { path: '/:id', find: (tree, { id }) => tree.nodes.get(id!) },
  fields: nodeFields,
  rows: (tree) => [...tree.nodes.values()],
};

interface NodeCount {
  readonly provider: string | null;
  readonly pool: string | null;
  readonly state: string | null;
  readonly count: number;
}

const nodeCounts: Resource<NodeCount> = {
  name: 'node-counts',
  schemaName: 'NodeCount',
  description: 'How many nodes there are by provider, pool and state.',
  part: 'nodes',
  fields: [
    { name: 'provider', schema: text('Provider.'), value: (it) => it.provider, isFilter: true },
    { name: 'pool', schema: text('Pool of the provider.'), value: (it) => it.pool, isFilter: true },
    { name: 'state', schema: state(NODE_STATES), value: (it) => it.state, isFilter: true },
    { name: 'count', schema: { type: 'number', description: 'Nodes.' }, value: (it) => it.count },
  ],
  rows: (tree) => {
    const counts = new Map<string, NodeCount>();
    for (const { record } of tree.nodes.values()) {
      const group = { provider: record?.provider ?? null, pool: record?.pool ?? null, state: record?.state ?? null };
      const key = JSON.stringify(group);
      counts.set(key, { ...group, count: 1 + (counts.get(key)?.count ?? 0) });
    }
    return [...counts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, it]) => it);
  },
};

const requestFields: readonly ResourceField<RequestEntry>[] = [
  { name: 'id', schema: always('Id, beginning with the priority.'), value: (it) => it.id, isFilter: true },
  { name: 'state', schema: state(REQUEST_STATES), value: (it) => it.record?.state, isFilter: true },
  { name: 'state_time', schema: seconds('Since when'), value: (it) => it.record?.stateTime },
  { name: 'created_time', schema: seconds('When it was asked'), value: (it) => it.record?.createdTime },
  { name: 'locked', schema: flag('A launcher has it in hand.'), value: (it) => it.locked, isFilter: true },
  { name: 'ephemeral', schema: flag('Vanishes with its requestor.'), value: (it) => it.ephemeral },
  { name: 'labels', schema: texts('Labels wanted.'), value: (it) => it.record?.nodeTypes, isFilter: true },
  { name: 'nodes', schema: texts('Ids of its nodes.'), value: (it) => it.record?.nodes, isFilter: true },
  {
    name: 'relative_priority',
    schema: { type: ['number', 'null'], description: 'Lower goes first, among requests of one priority.' },
    value: (it) => it.record?.relativePriority,
  },
  { name: 'requestor', schema: text('Who asked.'), value: (it) => it.record?.requestor, isFilter: true },
  { name: 'tenant_name', schema: text('Tenant.'), value: (it) => it.record?.tenantName, isFilter: true },
  { name: 'provider', schema: text('Provider it is bound to.'), value: (it) => it.record?.provider, isFilter: true },
  { name: 'declined_by', schema: texts('Pools that will not serve it.'), value: (it) => it.record?.declinedBy },
  { name: 'event_id', schema: text('Event that led to it.'), value: (it) => it.record?.eventId, isFilter: true },
  { name: 'broken', schema: BROKEN, value: (it) => it.broken },
];

const requests: Resource<RequestEntry> = {
  name: 'requests',
  schemaName: 'Request',
  description: 'Requests for nodes.',
  part: 'requests',
  one: { path: '/:id', find: (tree, { id }) => tree.requests.get(id!) },
  fields: requestFields,
  rows: (tree) => [...tree.requests.values()],
};

const newestReady = (image: ImageEntry) =>
  [...image.builds.values()]
    .filter((it) => it.record?.state === 'ready')
    .sort((one, other) => other.record!.stateTime - one.record!.stateTime)[0];

const imageFields: readonly ResourceField<ImageEntry>[] = [
  { name: 'image', schema: always('Name.'), value: (it) => it.image, isFilter: true },
  { name: 'paused', schema: flag('Paused by an operator.'), value: (it) => it.paused, isFilter: true },
  {
    name: 'build_request',
    schema: {
      type: ['string', 'null'],
      enum: ['pending', 'building', null],
      description: 'A build that was asked for.',
    },
    value: (it) => buildRequestState({ ...it, firstBuildCreatedAt: [...it.builds.values()][0]?.createdAt }),
  },
  { name: 'build_requested_time', schema: seconds('When it was asked for'), value: (it) => it.buildRequestedAt },
  { name: 'building', schema: flag('A builder has it in hand.'), value: (it) => it.buildLocked, isFilter: true },
  { name: 'builds', schema: texts('Ids of its builds.'), value: (it) => [...it.builds.keys()] },
  { name: 'newest_ready_build', schema: text('Build in service.'), value: (it) => newestReady(it)?.key.build },
];

const images: Resource<ImageEntry> = {
  name: 'images',
  schemaName: 'Image',
  description: 'Images that builders make.',
  part: 'images',
  one: { path: '/:image', find: (tree, { image }) => tree.image(image!) },
  fields: imageFields,
  rows: (tree) => tree.images,
};

const uploadsOf = (build: BuildEntry) =>
  [...build.providers.values()].flatMap((provider) =>
    [...provider.uploads.values()].map((it) => ({
      provider: it.key.provider,
      upload: it.key.upload,
      state: it.record?.state ?? null,
      state_time: it.record?.stateTime ?? null,
      external_id: it.record?.externalId ?? null,
      external_name: it.record?.externalName ?? null,
      locked: it.locked,
    })),
  );

const UPLOAD: JsonSchema = {
  type: 'object',
  properties: {
    provider: always('Provider.'),
    upload: always('Number of the upload.'),
    state: text('State of the upload.'),
    state_time: seconds('Since when'),
    external_id: text("The cloud's id of the image."),
    external_name: text('Name in the cloud.'),
    locked: flag('Somebody contends for its lock.'),
  },
  required: ['provider', 'upload', 'state', 'state_time', 'external_id', 'external_name', 'locked'],
};

const buildFields: readonly ResourceField<BuildEntry>[] = [
  {
    name: 'id',
    schema: always('Image and build, as the command line names it.'),
    value: (it) => `${it.key.image}-${it.key.build}`,
  },
  { name: 'image', schema: always('Image.'), value: (it) => it.key.image, isFilter: true },
  { name: 'build', schema: always('Build.'), value: (it) => it.key.build, isFilter: true },
  { name: 'state', schema: state(BUILD_STATES), value: (it) => it.record?.state, isFilter: true },
  { name: 'state_time', schema: seconds('Since when'), value: (it) => it.record?.stateTime },
  { name: 'created_time', schema: seconds('When it began'), value: (it) => it.createdAt },
  { name: 'builder', schema: text('Host that built it.'), value: (it) => it.record?.builder, isFilter: true },
  { name: 'builder_id', schema: text('Id of its builder.'), value: (it) => it.record?.builderId },
  { name: 'formats', schema: texts('Formats.'), value: (it) => it.record?.formats },
  {
    name: 'failure',
    schema: anything('Why it failed; null otherwise.'),
    value: (it) => it.record?.unknown?.['failure'],
  },
  {
    name: 'uploads',
    schema: { type: 'array', items: UPLOAD, description: 'Its uploads to providers.' },
    value: uploadsOf,
  },
  {
    name: 'log',
    schema: always('Path of its log.'),
    value: (it) => `/api/v1/builds/${encodeURIComponent(it.key.image)}/${it.key.build}/log`,
  },
  { name: 'broken', schema: BROKEN, value: (it) => it.broken },
];

const builds: Resource<BuildEntry> = {
  name: 'builds',
  schemaName: 'Build',
  description: 'Builds of images, with their uploads.',
  part: 'images',
  one: { path: '/:image/:build', find: (tree, { image, build }) => tree.image(image!)?.builds.get(build!) },
  fields: buildFields,
  rows: (tree) => tree.images.flatMap((it) => [...it.builds.values()]),
};

const ofPool = ({ component }: ComponentEntry) =>
  component.kind === 'pool' ? (component as PoolComponent) : undefined;

const componentFields: readonly ResourceField<ComponentEntry>[] = [
  {
    name: 'kind',
    schema: { type: 'string', enum: [...COMPONENT_KINDS], description: 'Kind.' },
    value: (it) => it.component.kind,
    isFilter: true,
  },
  { name: 'id', schema: always('Its znode.'), value: (it) => it.znode },
  { name: 'hostname', schema: always('Host.'), value: (it) => it.component.hostname, isFilter: true },
  {
    name: 'state',
    schema: { type: 'string', enum: [...COMPONENT_STATES], description: 'State.' },
    value: (it) => it.component.state,
    isFilter: true,
  },
  { name: 'version', schema: text('Release.'), value: (it) => it.component.version },
  {
    name: 'builder_id',
    schema: text('Of a builder; `builder_id` of its builds.'),
    value: (it) => builderIdOf(it.component),
  },
  { name: 'pool_id', schema: text('Of a pool; what stands in `declined_by`.'), value: (it) => ofPool(it)?.id },
  { name: 'web_url', schema: text('Where it serves HTTP.'), value: (it) => webUrlOf(it.component) },
  { name: 'provider', schema: text('Provider of a pool.'), value: (it) => ofPool(it)?.providerName, isFilter: true },
  { name: 'pool', schema: text('Name of a pool.'), value: (it) => ofPool(it)?.name, isFilter: true },
  {
    name: 'priority',
    schema: { type: ['number', 'null'], description: 'Of a pool; lower is served first.' },
    value: (it) => ofPool(it)?.priority,
  },
  {
    name: 'paused',
    schema: { type: ['boolean', 'null'], description: 'A pool that waits for quota.' },
    value: (it) => ofPool(it)?.paused,
  },
  { name: 'labels', schema: texts('Labels of a pool.'), value: (it) => ofPool(it)?.supportedLabels, isFilter: true },
];

const components: Resource<ComponentEntry> = {
  name: 'components',
  schemaName: 'Component',
  description: 'Launchers, their pools, and builders that are connected.',
  part: 'components',
  fields: componentFields,
  rows: ({ components: it }) => [...it.launchers.values(), ...it.pools.values(), ...it.builders.values()],
};

export const RESOURCES = [nodes, nodeCounts, requests, images, builds, components] as unknown as readonly Resource[];
