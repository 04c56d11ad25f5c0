import { z } from 'zod';
import { isCron } from './cron';
import { poolKeys, providerKeys } from './provider-keys';
import { choiceOf, flag, integer, mapping, number, text, textMap, texts } from './schema-atoms';

/**
 * The top level of the file (config.md 3 to 7 and 11); providers are checked by their drivers' schemas. The sentences
 * are the reference page and what editors show.
 */
export const webappSection = mapping({
  port: integer().default(8005).describe("TCP port of the launcher's status server."),
  listen_address: text().default('0.0.0.0').describe('Address the status server binds to.'),
  builder_port: integer()
    .optional()
    .describe("Not in Python. TCP port of the builder's server of status and build logs; 0: any; none: no server."),
  cors_origin: choiceOf(text(), texts())
    .optional()
    .describe(
      'Not in Python. Origin, or list of origins, whose pages may read the answers, "*" for all; none if not given.',
    ),
  admin_token_file: text()
    .optional()
    .describe(
      'Not in Python. File with "NAME TOKEN" lines: who sends one of these tokens may change things over the web; read-only if not given.',
    ),
});

export const zooKeeperServerSection = mapping({
  host: text().describe('Host name or address; IPv6 with or without brackets.'),
  port: integer().default(2281).describe('TCP port; 2281 is the TLS port of ZooKeeper.'),
  chroot: text().optional().describe('Prefix of every path, beginning with "/". Takes effect on the last server only.'),
});

export const zooKeeperTlsSection = mapping({
  cert: text().optional().describe('File with the client certificate, PEM.'),
  key: text().optional().describe('File with the private key, PEM.'),
  ca: text().optional().describe('File with the certificates of the authority, PEM.'),
});

export const diskImageSection = mapping(
  {
    name: text().describe('What providers and labels call the image.'),
    abstract: flag().default(false).describe('Not built itself, only a parent of others.'),
    parent: text().optional().describe('Image whose settings this one starts from; may be defined later in the file.'),
    formats: texts().default([]).describe('Formats wanted besides those that providers ask for.'),
    'keep-formats': texts().default([]).describe('Formats kept on disk although delete-after-upload is set.'),
    'delete-after-upload': flag().optional().describe('Delete the files once every provider has the image.'),
    elements: texts().default([]).describe("diskimage-builder elements, after the parent's."),
    'env-vars': textMap().default({}).describe("Environment of the build, over the parent's."),
    release: z.union([z.string(), z.int()]).optional().describe('Value of DIB_RELEASE, e.g. a release name or number.'),
    'rebuild-age': integer().default(0).describe('Seconds after which a ready build is replaced; 86400 if 0.'),
    'build-timeout': integer().default(0).describe('Seconds after which a build is ended; 28800 if 0.'),
    'dib-cmd': text().default('').describe('Program to build with, with arguments; disk-image-create if empty.'),
    pause: flag().default(false).describe('Do not build. Cannot be undone by a child.'),
    username: text().default('').describe('User that the scheduler logs in as; zuul if empty.'),
    'python-path': text().default('').describe('Interpreter for Ansible modules; auto if empty.'),
    'shell-type': text().optional().describe('Shell for Ansible where it is not the usual one.'),
    metadata: textMap().default({}).describe('Properties of uploaded images. Not inherited.'),
    'content-key': z
      .union([z.boolean(), z.string()])
      .optional()
      .describe(
        'Not in Python. True, or a command that prints a key: skip a scheduled rebuild whose inputs did not change.',
      ),
    validate: text()
      .optional()
      .describe('Not in Python. Command that must succeed, given the image, before a build is put into service.'),
  },
  { loadOnly: ['shell-type'] },
);

export const labelSection = mapping({
  name: text().describe('What requests ask for.'),
  'min-ready': integer().default(0).describe('Nodes to keep ready in advance.'),
  'max-ready-age': integer().default(0).describe('Seconds a node may stay ready before it is replaced; 0 = for ever.'),
});

export const tenantLimitSection = z
  .object({
    'tenant-name': text().describe('Tenant as named in requests.'),
    'max-servers': integer().optional().describe('Nodes at a time.'),
    'max-cores': integer().optional().describe('Virtual processors at a time.'),
    'max-ram': integer().optional().describe('Memory at a time, MiB.'),
    'max-volumes': integer().optional().describe('Volumes at a time.'),
    'max-volume-gb': integer().optional().describe('Gigabytes of volumes at a time.'),
  })
  .catchall(z.int());

export const cronSection = mapping({
  'image-update': text()
    .refine(isCron, 'five cron fields, or @daily and the like, are expected')
    .optional()
    .describe(
      'Not in Python. Five cron fields or @daily and the like, after TZ=Area/City if need be: build all images, whatever their age.',
    ),
});

/** Keys of the top level that hold no list of named things. */
const plainKeys = {
  webapp: webappSection.prefault({}).describe('Status servers of the launcher and of the builder; read once at start.'),
  'elements-dir': text().optional().describe('Where diskimage-builder looks for elements.'),
  'images-dir': text().optional().describe('Where the builder keeps images; needed by the builder.'),
  'build-log-dir': text().optional().describe('Where build logs go; /var/log/nodepool/builds if not given.'),
  'build-log-retention': integer().default(7).describe('Logs kept per image; negative keeps all, 0 acts as 1.'),
  'zookeeper-tls': zooKeeperTlsSection.optional().describe('Client certificate for ZooKeeper; all three files.'),
  'zookeeper-timeout': number().default(10).describe('Session timeout, seconds.'),
  'max-hold-age': integer().default(0).describe('Seconds a node may be held; unlimited unless positive.'),
  cron: cronSection.optional().describe('Not in Python. Schedules of the releases before 3.0.'),
  'installation-id': text()
    .optional()
    .describe('Not in Python. Tells this installation from others in the same cloud account.'),
} satisfies z.ZodRawShape;

/**
 * The whole top level. Its lists are read entry by entry, so that one bad entry hides no other; here they stand for the
 * published schema and for what may be meant by a misspelt key.
 */
export const topLevel = mapping({
  ...plainKeys,
  'zookeeper-servers': z.array(zooKeeperServerSection).optional().describe('The ZooKeeper ensemble.'),
  diskimages: z.array(diskImageSection).optional().describe('Images that builders make.'),
  labels: z.array(labelSection).optional().describe('Kinds of nodes that can be requested.'),
  providers: z.array(z.unknown()).optional().describe('Clouds; keys by driver.'),
  'tenant-resource-limits': z
    .array(tenantLimitSection)
    .optional()
    .describe('Limits of what the nodes of a tenant use together; other keys are resources of drivers.'),
});

/** What is read of a provider whose driver this program does not have. */
export const foreignProviderSection = z.looseObject({
  ...providerKeys,
  pools: z
    .array(z.looseObject({ ...poolKeys, labels: z.array(z.looseObject({ name: text() })).default([]) }))
    .default([]),
});

/** Drivers of the Python program that this release does not have; their providers load and do not run (config.md 8). */
export const FOREIGN_DRIVERS = ['azure', 'gce', 'ibmvpc', 'openshift', 'openshiftpods', 'test', 'example'];

export type DiskImageSection = z.infer<typeof diskImageSection>;
export type ZooKeeperServerSection = z.infer<typeof zooKeeperServerSection>;
