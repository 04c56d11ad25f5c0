import { BUCKETS, type MetricDefinition } from '../runtime/metrics/definition';

/** For the whole tree, sent by whoever leads (metrics.md 4). */
export const FLEET_METRICS = {
  nodes: {
    kind: 'gauge',
    help: 'Nodes by state',
    labels: ['state'],
    statsd: 'nodepool.nodes.{state}',
    prometheus: { name: 'nodepool_nodes' },
  } satisfies MetricDefinition<'state'>,
  providerNodes: {
    kind: 'gauge',
    help: 'Nodes by provider and state',
    labels: ['provider', 'state'],
    statsd: 'nodepool.provider.{provider}.nodes.{state}',
    prometheus: { name: 'nodepool_provider_nodes' },
  } satisfies MetricDefinition<'provider' | 'state'>,
  labelNodes: {
    kind: 'gauge',
    help: 'Nodes by label and state; a node with several labels counts for each',
    labels: ['label', 'state'],
    statsd: 'nodepool.label.{label}.nodes.{state}',
    prometheus: { name: 'nodepool_label_nodes' },
  } satisfies MetricDefinition<'label' | 'state'>,
  addressableRequests: {
    kind: 'gauge',
    help: 'Requests in any state all of whose labels the pool supports',
    labels: ['provider', 'pool'],
    statsd: 'nodepool.provider.{provider}.pool.{pool}.addressable_requests',
    prometheus: { name: 'nodepool_pool_addressable_requests' },
  } satisfies MetricDefinition<'provider' | 'pool'>,
  waiting: {
    kind: 'gauge',
    help: 'Requests that wait, by label and reason; labels that no pool offers are `other`',
    labels: ['label', 'reason'],
    prometheus: { name: 'nodepool_requests_waiting' },
  } satisfies MetricDefinition<'label' | 'reason'>,
} as const;

/** What the launcher is configured with, and what it knows of limits (metrics.md 5). */
export const CONFIGURATION_METRICS = {
  maxServers: {
    kind: 'gauge',
    help: 'Sum of max-servers over the pools of a provider',
    labels: ['provider'],
    statsd: 'nodepool.provider.{provider}.max_servers',
    prometheus: { name: 'nodepool_provider_max_servers' },
  } satisfies MetricDefinition<'provider'>,
  tenantLimits: {
    kind: 'gauge',
    help: 'Configured limits of tenants',
    labels: ['tenant', 'limit'],
    statsd: 'nodepool.tenant_limits.{tenant~}.{limit~}',
    prometheus: { name: 'nodepool_tenant_limit' },
  } satisfies MetricDefinition<'tenant' | 'limit'>,
  quotaUsed: {
    kind: 'gauge',
    help: 'What nodes use of the quota of their provider',
    labels: ['provider', 'resource'],
    prometheus: { name: 'nodepool_provider_quota_used' },
  } satisfies MetricDefinition<'provider' | 'resource'>,
  quotaLimit: {
    kind: 'gauge',
    help: 'Quota of the provider less what others use of it',
    labels: ['provider', 'resource'],
    prometheus: { name: 'nodepool_provider_quota_limit' },
  } satisfies MetricDefinition<'provider' | 'resource'>,
} as const;

/** One report per attempt, by the launcher that made it (metrics.md 6). */
export const LAUNCH_METRICS = {
  all: {
    kind: 'timer',
    help: 'Launches by result',
    labels: ['result'],
    statsd: 'nodepool.launch.{result}',
    counted: true,
  } satisfies MetricDefinition<'result'>,
  byProvider: {
    kind: 'timer',
    help: 'Launches by provider and result',
    labels: ['provider', 'result'],
    statsd: 'nodepool.launch.provider.{provider}.{result}',
    counted: true,
  } satisfies MetricDefinition<'provider' | 'result'>,
  byZone: {
    kind: 'timer',
    help: 'Launches by availability zone and result',
    labels: ['provider', 'az', 'result'],
    statsd: 'nodepool.launch.provider.{provider}.{az}.{result}',
    counted: true,
  } satisfies MetricDefinition<'provider' | 'az' | 'result'>,
  /** Anybody may call himself anything: not for Prometheus, which keeps all names. */
  byRequestor: {
    kind: 'timer',
    help: 'Launches by requestor and result',
    labels: ['requestor', 'result'],
    statsd: 'nodepool.launch.requestor.{requestor~}.{result}',
    counted: true,
  } satisfies MetricDefinition<'requestor' | 'result'>,
  byLabel: {
    kind: 'timer',
    help: 'Launches by provider, label and result, from their first step',
    labels: ['provider', 'label', 'result'],
    prometheus: { name: 'nodepool_launch_seconds', bucketsSeconds: BUCKETS.launches },
  } satisfies MetricDefinition<'provider' | 'label' | 'result'>,
  setbacks: {
    kind: 'counter',
    help: 'What kept launches from succeeding at once, by cause: failed attempts, refusals, calls that had to be repeated',
    labels: ['provider', 'label', 'cause'],
    prometheus: { name: 'nodepool_launch_setbacks_total' },
  } satisfies MetricDefinition<'provider' | 'label' | 'cause'>,
} as const;

export const REQUEST_METRICS = {
  handOver: {
    kind: 'timer',
    help: 'From the filing of a request to its nodes, by the pool that served it',
    labels: ['provider', 'pool', 'requestor_kind'],
    prometheus: { name: 'nodepool_handover_seconds', bucketsSeconds: BUCKETS.launches },
  } satisfies MetricDefinition<'provider' | 'pool' | 'requestor_kind'>,
  ended: {
    kind: 'counter',
    help: 'Requests that a pool had in hand, by how that ended',
    labels: ['provider', 'pool', 'end'],
    prometheus: { name: 'nodepool_requests_ended_total' },
  } satisfies MetricDefinition<'provider' | 'pool' | 'end'>,
} as const;

/** Told by the launcher that removed them (metrics.md 7). */
export const LEAKED: MetricDefinition<'provider' | 'kind'> = {
  kind: 'counter',
  help: 'Leaked resources that were removed',
  labels: ['provider', 'kind'],
  statsd: 'nodepool.provider.{provider}.leaked.{kind}',
  prometheus: { name: 'nodepool_leaked_resources_total' },
};

/** Whether this process is the one that sends the fleet's gauges. */
export const STATS_LEADER: MetricDefinition<never> = {
  kind: 'gauge',
  help: '1 while this launcher sends the gauges of the fleet to statsd',
  labels: [],
  prometheus: { name: 'nodepool_stats_leader' },
};

function queue(part: string, help: string): MetricDefinition<'hostname'> {
  const name = part.replaceAll('.', '_');
  return {
    kind: 'gauge',
    help,
    labels: ['hostname'],
    statsd: `nodepool.launcher.{hostname}.zk.${part}`,
    prometheus: { name: `nodepool_launcher_zk_${name}` },
  };
}

/** What waits inside of one launcher (metrics.md 8). */
export const INTERNAL_METRICS = {
  connectionQueue: queue('client.connection_queue', 'Requests that ZooKeeper has not answered yet'),
  nodeEvents: queue('node_cache.event_queue', 'Nodes told of as changed that wait to be read'),
  nodePlayback: queue('node_cache.playback_queue', 'Nodes being read'),
  requestEvents: queue('request_cache.event_queue', 'Requests told of as changed that wait to be read'),
  requestPlayback: queue('request_cache.playback_queue', 'Requests being read'),
  imageEvents: queue('image_cache.event_queue', 'Image records told of as changed that wait to be read'),
  imagePlayback: queue('image_cache.playback_queue', 'Image records being read'),
} as const;
