import { BUCKETS, type MetricDefinition } from '../runtime/metrics/definition';

/** metrics.md 3. `hostname` is the fully qualified name, dots included. */
export const BUILDER_METRICS = {
  size: {
    kind: 'gauge',
    help: 'Bytes on disk of the last image that was built, by format',
    labels: ['image', 'format'],
    statsd: 'nodepool.dib_image_build.{image}.{format}.size',
    prometheus: { name: 'nodepool_image_size_bytes' },
  } satisfies MetricDefinition<'image' | 'format'>,
  duration: {
    kind: 'timer',
    help: 'Builds, failed ones too',
    labels: ['image'],
    statsd: 'nodepool.dib_image_build.{image}.status.duration',
  } satisfies MetricDefinition<'image'>,
  returnCode: {
    kind: 'gauge',
    help: 'Exit status of the image tool; 1 after a timeout, negative for the signal that killed it',
    labels: ['image'],
    statsd: 'nodepool.dib_image_build.{image}.status.rc',
    prometheus: { name: 'nodepool_image_build_exit_status' },
  } satisfies MetricDefinition<'image'>,
  lastBuild: {
    kind: 'gauge',
    help: 'UNIX time at which the last build of the image ended',
    labels: ['image'],
    statsd: 'nodepool.dib_image_build.{image}.status.last_build',
    prometheus: { name: 'nodepool_image_last_build_timestamp_seconds' },
  } satisfies MetricDefinition<'image'>,
  builds: {
    kind: 'timer',
    help: 'Builds by result: ready, or the cause of the failure',
    labels: ['image', 'result'],
    prometheus: { name: 'nodepool_image_build_seconds', bucketsSeconds: BUCKETS.jobs },
  } satisfies MetricDefinition<'image' | 'result'>,
  update: {
    kind: 'timer',
    help: 'Uploads that succeeded, hook included',
    labels: ['image', 'provider'],
    statsd: 'nodepool.image_update.{image}.{provider}',
    counted: true,
  } satisfies MetricDefinition<'image' | 'provider'>,
  uploads: {
    kind: 'timer',
    help: 'Uploads by result: ready, or the cause of the failure',
    labels: ['image', 'provider', 'result'],
    prometheus: { name: 'nodepool_image_upload_seconds', bucketsSeconds: BUCKETS.jobs },
  } satisfies MetricDefinition<'image' | 'provider' | 'result'>,
  buildState: {
    kind: 'gauge',
    help: '0 idle, 1 building, 3 paused',
    labels: ['hostname', 'image'],
    statsd: 'nodepool.builder.{hostname}.image.{image}.build.state',
    prometheus: { name: 'nodepool_builder_build_state' },
  } satisfies MetricDefinition<'hostname' | 'image'>,
  uploadState: {
    kind: 'gauge',
    help: '0 idle, 2 uploading, 3 paused',
    labels: ['hostname', 'image', 'provider'],
    statsd: 'nodepool.builder.{hostname}.image.{image}.provider.{provider}.upload.state',
    prometheus: { name: 'nodepool_builder_upload_state' },
  } satisfies MetricDefinition<'hostname' | 'image' | 'provider'>,
  imageRequests: {
    kind: 'gauge',
    help: '1 while somebody has asked for a build that has not begun',
    labels: ['image'],
    statsd: 'nodepool.image.{image}.image_build_requests',
    prometheus: { name: 'nodepool_image_build_requested' },
  } satisfies MetricDefinition<'image'>,
  allRequests: {
    kind: 'gauge',
    help: 'Images of which a build was asked for that has not begun',
    labels: [],
    statsd: 'nodepool.image_build_requests',
    prometheus: { name: 'nodepool_image_build_requests' },
  } satisfies MetricDefinition<never>,
} as const;
