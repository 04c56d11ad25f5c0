import { z } from 'zod';

/**
 * How a simulated cloud behaves: the `fake:` mapping of a provider section, and what tests change while it runs. All
 * times are seconds, as everywhere in `nodepool.yaml`.
 */
const seconds = z.number().min(0);

/** A duration drawn anew each time. `max` cuts long tails. */
export const distribution = z
  .union([
    seconds,
    z.strictObject({ fixed: seconds }),
    z.strictObject({ uniform: z.tuple([seconds, seconds]) }),
    z.strictObject({ exponential: seconds.describe('Mean.'), max: seconds.optional() }),
    z.strictObject({
      lognormal: z.strictObject({ median: seconds, sigma: z.number().min(0) }),
      max: seconds.optional(),
    }),
  ])
  .describe('Seconds: a number, or {uniform: [a, b]}, {exponential: mean}, {lognormal: {median, sigma}}, with max.');
export type Distribution = z.infer<typeof distribution>;

/** What a client asks a cloud for; names in latencies, faults and the record of calls. */
export const OPERATIONS = [
  'create-server',
  'show-server',
  'wait-server',
  'list-servers',
  'delete-server',
  'console-log',
  'list-flavors',
  'list-zones',
  'list-networks',
  'limits',
  'create-image',
  'upload-image',
  'show-image',
  'list-images',
  'delete-image',
  'list-ports',
  'delete-port',
  'list-floating-ips',
  'create-floating-ip',
  'delete-floating-ip',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export const EFFECTS = [
  'error',
  'lost-request',
  'lost-reply',
  'throttle',
  'hang',
  'boot-error',
  'boot-hang',
  'delete-hang',
  'leak-port',
  'corrupt',
] as const;

export const fault = z.strictObject({
  operation: z
    .enum([...OPERATIONS, '*'])
    .default('*')
    .describe('The calls it strikes.'),
  effect: z
    .enum(EFFECTS)
    .default('error')
    .describe(
      'error: refused with status and message. lost-request: connection dropped, nothing done. lost-reply: done, connection ' +
        'dropped. throttle: 429. hang: never answered. boot-error, boot-hang: the server ends in ERROR, or in BUILD for ever. ' +
        'delete-hang: never goes away. leak-port: deletion leaves a DOWN port. corrupt: data arrive changed.',
    ),
  probability: z.number().min(0).max(1).default(1).describe('Of striking, per matching call.'),
  times: z.int().min(1).optional().describe('Strikes this often, then no more; without limit if absent.'),
  after: z.int().min(0).default(0).describe('Matching calls that pass first.'),
  match: z
    .string()
    .optional()
    .describe('Only calls about a thing whose name, id or one of whose metadata values is, or contains, this.'),
  status: z.int().min(400).max(599).default(500).describe('HTTP status of an error.'),
  message: z.string().default('simulated fault').describe('What the cloud says; also the fault of a boot-error.'),
  'retry-after': seconds.default(1).describe('Seconds that a 429 asks to wait.'),
});
export type Fault = z.infer<typeof fault>;

const limits = z.strictObject({
  instances: z.int().default(20).describe('Servers; -1 is unlimited, here and below.'),
  cores: z.int().default(100).describe('Virtual processors.'),
  ram: z.int().default(1_000_000).describe('MiB.'),
  volumes: z.int().default(100).describe('Volumes that servers boot from.'),
  'volume-gb': z.int().default(1_000_000).describe('Their size in all, GB.'),
  'floating-ips': z.int().default(0).describe('Above 0 the cloud hands out addresses and servers need one.'),
});

const DEFAULT_FLAVORS = [
  { id: 'f1', name: 'Fake Flavor', ram: 8192, vcpus: 4 },
  { id: 'f2', name: 'Unreal Flavor', ram: 8192, vcpus: 4 },
];
const DEFAULT_NETWORKS = [
  { id: 'fake-public-network-name', name: 'fake-public-network-name', ipv6: false },
  { id: 'fake-private-network-name', name: 'fake-private-network-name', ipv6: false },
  { id: 'no-auto-ip-network-name', name: 'no-auto-ip-network-name', ipv6: false },
  { id: 'fake-ipv6-network-name', name: 'fake-ipv6-network-name', ipv6: true },
];

const named = {
  id: z.string().describe('What the cloud calls it.'),
  name: z.string().describe('What people call it.'),
};

/** One account of the cloud. Defaults are those of the Python fake (drivers.md 6). */
export const accountOptions = z.strictObject({
  'boot-time': distribution.default(0.1).describe('From creation to ACTIVE.'),
  'delete-time': distribution.default(0).describe('From the delete call until the server is gone.'),
  'image-time': distribution.default(0).describe('From the last byte of an upload until the image can be booted.'),
  'list-lag': distribution.default(0).describe('How far server lists lag behind; at most 60 seconds.'),
  latency: z
    .partialRecord(z.enum([...OPERATIONS, '*']), distribution)
    .default({})
    .describe('How long answers take, per operation; `*` for those not named.'),
  throttle: z
    .strictObject({
      rate: z.number().positive().describe('Calls per second that are answered; more get a 429.'),
      burst: z.int().min(1).default(1).describe('Calls at once after a pause.'),
    })
    .optional()
    .describe('Answers too many calls with a 429 and when to come back.'),
  limits: limits.prefault({}).describe('Quota of the account; what one more would exceed is refused.'),
  flavors: z
    .array(
      z.strictObject({
        ...named,
        ram: z.int().min(0).describe('MiB.'),
        vcpus: z.int().min(0).describe('Counted as cores.'),
      }),
    )
    .default(DEFAULT_FLAVORS)
    .describe('Sizes of servers; any other is refused.'),
  zones: z.array(z.string()).default(['az1', 'az2']).describe('Availability zones; any other is refused.'),
  networks: z
    .array(z.strictObject({ ...named, ipv6: z.boolean().default(false).describe('Gives an IPv6 address as well.') }))
    .default(DEFAULT_NETWORKS)
    .describe('Any other is refused; without one named a server is on the first.'),
  images: z
    .array(z.strictObject(named))
    .default([{ id: 'fake-image-id', name: 'Fake Precise' }])
    .describe('Images that nobody uploaded.'),
  'leaked-ports': z.int().min(0).default(2).describe('DOWN ports that the account begins with.'),
  'console-log': z.string().default('').describe('Console output of a server; a line of boot messages if empty.'),
  faults: z.array(fault).default([]).describe('What goes wrong, and when.'),
  'peak-keys': z
    .array(z.string())
    .default(['nodepool_provider_name', 'nodepool_pool_name', 'tenant_name'])
    .describe('Metadata keys by whose values peaks of usage are kept, over all accounts.'),
});
export type AccountOptions = z.infer<typeof accountOptions>;

export const DEFAULT_OPTIONS: AccountOptions = accountOptions.parse({});
