import { z } from 'zod';
import {
  anyMap,
  flag,
  integer,
  integerMap,
  looseTextMap,
  mapping,
  number,
  poolKeys,
  providerKeys,
  text,
} from '../schema-parts';

const limitKeys = {
  'max-cores': integer().optional().describe('Processors requested at a time.'),
  'max-ram': integer().optional().describe('Memory requested at a time, MiB.'),
  'max-resources': integerMap().optional().describe('Amounts of other resources requested at a time.'),
};

/** What a `pod` label may say instead of a whole `spec` (drivers.md 9.1). */
const simpleKeys = {
  image: text().optional().describe('Container image.'),
  'image-pull': text().optional().describe('When to pull it: Always, IfNotPresent (default) or Never.'),
  'python-path': text().optional().describe('Interpreter for Ansible modules; auto if not given.'),
  'shell-type': text().optional().describe('Shell for Ansible where it is not the usual one.'),
  cpu: integer().optional().describe('Processors requested.'),
  memory: integer().optional().describe('Memory requested, MiB.'),
  storage: integer().optional().describe('Ephemeral storage requested, MB.'),
  'cpu-limit': integer().optional().describe('Processors allowed.'),
  'memory-limit': integer().optional().describe('Memory allowed, MiB.'),
  'storage-limit': integer().optional().describe('Ephemeral storage allowed, MB.'),
  gpu: number().optional().describe('Amount of the GPU resource.'),
  'gpu-resource': text().optional().describe('Name of the GPU resource.'),
  env: z
    .array(
      mapping(
        { name: text().optional().describe('Name.'), value: text().optional().describe('Value.') },
        { required: ['name', 'value'] },
      ),
    )
    .optional()
    .describe('Environment of the container.'),
  'node-selector': anyMap().optional().describe('Labels of the cluster nodes to run on.'),
  privileged: flag().optional().describe('Run the container privileged.'),
  'scheduler-name': text().optional().describe('Scheduler of the cluster.'),
  volumes: z.array(z.unknown()).optional().describe('Volumes of the pod.'),
  'volume-mounts': z.array(z.unknown()).optional().describe('Mounts of the container.'),
  'extra-resources': integerMap().optional().describe('Amounts of other resources.'),
};

const label = mapping(
  {
    name: text().describe('Name of a top-level label.'),
    type: text().describe('pod or namespace.'),
    ...simpleKeys,
    spec: anyMap().optional().describe('The whole pod specification instead of the simple keys.'),
    labels: looseTextMap().optional().describe('Labels of namespace and pod.'),
    'dynamic-labels': looseTextMap().optional().describe('Labels whose values are templates about the request.'),
    annotations: looseTextMap().optional().describe('Annotations of the pod.'),
  },
  { excludes: { spec: Object.keys(simpleKeys) } },
);

const defaultKeys = Object.fromEntries(
  [
    ['cpu', 'Processors'],
    ['memory', 'Memory, MiB,'],
    ['storage', 'Ephemeral storage, MB,'],
  ].flatMap(([name, what]) => [
    [`default-label-${name}`, integer().optional().describe(`${what} requested by labels that do not say.`)],
    [`default-label-${name}-limit`, integer().optional().describe(`${what} allowed to labels that do not say.`)],
  ]),
) as Record<`default-label-${'cpu' | 'memory' | 'storage'}${'' | '-limit'}`, z.ZodOptional<z.ZodInt>>;

const pool = mapping(
  {
    ...poolKeys,
    ...limitKeys,
    ...defaultKeys,
    'default-label-extra-resources': integerMap().optional().describe('Accepted; has no effect in Python.'),
    labels: z.array(label).optional().describe('Labels that the pool offers.'),
  },
  { required: ['labels'] },
);

/** drivers.md 9. */
export const kubernetesSchema = mapping({
  ...providerKeys,
  ...limitKeys,
  context: text().optional().describe('Context of the kubeconfig; in-cluster configuration where there is none.'),
  'launch-retries': integer().default(3).describe('Attempts in total before the launch counts as failed.'),
  'max-servers': integer().optional().describe('Accepted; pools do not inherit it.'),
  pools: z.array(pool).default([]).describe('Groups of namespaces.'),
});
