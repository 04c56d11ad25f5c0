import { z } from 'zod';
import {
  connectionKeys,
  flag,
  hostKeyChecking,
  integer,
  interpreterKeys,
  launchKeys,
  mapping,
  number,
  poolKeys,
  poolLimitKeys,
  providerKeys,
  text,
  looseTextMap,
  texts,
  uploadKeys,
} from './schema-parts';

/** drivers.md 5.1. */
export const openStackProviderKeys = {
  ...providerKeys,
  ...launchKeys(60),
  cloud: text().optional().describe('Entry of clouds.yaml.'),
  'region-name': text().optional().describe('Region of the cloud; also stored in nodes.'),
  rate: number().default(1).describe('Seconds between two requests to the cloud.'),
  'image-upload-timeout': integer().default(3600).describe('Seconds until an upload counts as failed.'),
  'image-name-format': text()
    .default('{image_name}-{timestamp}')
    .describe('Name of uploaded images; {image_name}, {timestamp} and {build_id} are filled in.'),
  'clean-floating-ips': flag().default(false).describe('Delete floating IPs of the project that no server uses.'),
  'port-cleanup-interval': integer().default(600).describe('Seconds between two searches for leaked ports; 0 = never.'),
  'post-upload-hook': text().optional().describe('Program that is run after an upload.'),
  'nodepool-id': text().optional().describe('Accepted and ignored.'),
} satisfies z.ZodRawShape;

/** drivers.md 5.1, `diskimages`. */
export const openStackDiskImageKeys = {
  name: text().describe('Name of a diskimage.'),
  pause: flag().default(false).describe('Do not upload to this provider.'),
  meta: looseTextMap().default({}).describe("Properties of the uploaded image, over the diskimage's metadata."),
  'config-drive': flag().optional().describe('Boot with a configuration drive.'),
  ...connectionKeys,
  ...uploadKeys,
} satisfies z.ZodRawShape;

/** drivers.md 5.1, `cloud-images`. */
export const openStackCloudImageKeys = {
  name: text().describe('What labels call the image; also its name in the cloud if nothing else is given.'),
  'config-drive': flag().optional().describe('Boot with a configuration drive.'),
  'image-id': text().optional().describe('Id of the image in the cloud.'),
  'image-name': text().optional().describe('Name of the image in the cloud.'),
  username: text().optional().describe('User that the scheduler logs in as.'),
  ...interpreterKeys,
  ...connectionKeys,
} satisfies z.ZodRawShape;

/** drivers.md 5.2. */
export const openStackPoolKeys = {
  ...poolKeys,
  ...poolLimitKeys,
  'max-volumes': integer().optional().describe('Volumes in use at a time.'),
  'max-volume-gb': integer().optional().describe('Gigabytes of volumes in use at a time.'),
  'ignore-provider-quota': flag().default(false).describe("Heed only this pool's limits, not the cloud's quota."),
  'availability-zones': texts().default([]).describe('Zones to use; all zones of the cloud if empty.'),
  networks: texts().default([]).describe('Networks (name or id) that servers are attached to.'),
  'security-groups': texts().default([]).describe('Security groups of the servers.'),
  'auto-floating-ip': flag().default(true).describe('Attach a floating IP where a server needs one.'),
  'host-key-checking': hostKeyChecking(),
} satisfies z.ZodRawShape;

/** drivers.md 5.2, `labels`. */
export const openStackLabelKeys = {
  name: text().describe('Name of a top-level label.'),
  diskimage: text().optional().describe('Diskimage to boot from.'),
  'cloud-image': text().optional().describe('Cloud image to boot from.'),
  'min-ram': integer().optional().describe('The smallest flavour with this much memory, MiB, is taken.'),
  'flavor-name': text().optional().describe('Flavour; with min-ram a part of its name suffices.'),
  'key-name': text().optional().describe("Key pair for the server's first user."),
  userdata: text().optional().describe('User data handed to the server.'),
  'console-log': flag().default(false).describe('Log the console when a launch fails.'),
  'boot-from-volume': flag().default(false).describe('Boot from a volume made from the image.'),
  'volume-size': integer().default(50).describe('Size of that volume, GB.'),
  'instance-properties': looseTextMap().default({}).describe('Metadata added to the server.'),
  'dynamic-instance-properties': looseTextMap()
    .default({})
    .describe('Metadata whose values are templates about the request, e.g. {request.tenant_name}.'),
  networks: texts().optional().describe("Overrides the pool's networks."),
  'host-key-checking': hostKeyChecking(),
} satisfies z.ZodRawShape;

const labelRules = { exactlyOne: [['diskimage', 'cloud-image']], atLeastOne: [['min-ram', 'flavor-name']] };

/** The provider section of OpenStack, with what an imitation adds to it. */
export function openStackSection<
  P extends z.ZodRawShape = Record<never, never>,
  O extends z.ZodRawShape = Record<never, never>,
  L extends z.ZodRawShape = Record<never, never>,
>(extra: { provider?: P; pool?: O; label?: L; required?: readonly string[] } = {}) {
  const label = mapping({ ...openStackLabelKeys, ...(extra.label as L) }, labelRules);
  const pool = mapping({
    ...openStackPoolKeys,
    ...(extra.pool as O),
    labels: z.array(label).default([]).describe('Labels that the pool offers.'),
  });
  return mapping(
    {
      ...openStackProviderKeys,
      ...(extra.provider as P),
      diskimages: z.array(mapping(openStackDiskImageKeys)).default([]).describe('Diskimages to upload here.'),
      'cloud-images': z
        .array(mapping(openStackCloudImageKeys, { atMostOne: [['image-id', 'image-name']] }))
        .default([])
        .describe('Images that exist in the cloud already.'),
      pools: z.array(pool).default([]).describe('Groups of nodes with limits and labels of their own.'),
    },
    { required: extra.required ?? [] },
  );
}
