import { z } from 'zod';
import {
  choice,
  choiceOf,
  connectionKeys,
  flag,
  hostKeyChecking,
  integer,
  integerMap,
  interpreterKeys,
  launchKeys,
  looseTextMap,
  mapping,
  number,
  poolKeys,
  poolLimitKeys,
  providerKeys,
  text,
  texts,
} from '../schema-parts';

const resourceKeys = {
  ...poolLimitKeys,
  'max-resources': integerMap().optional().describe('Amounts of other resources (quota codes) in use at a time.'),
};

const volumeKeys = {
  'volume-type': text().optional().describe('Type of the root volume.'),
  'volume-size': integer().optional().describe('Size of the root volume, GB.'),
  iops: integer().optional().describe('Operations per second of the root volume.'),
  throughput: integer().optional().describe('Throughput of the root volume, MB/s.'),
};

const imageFilter = mapping(
  {
    name: text().optional().describe('Filter of DescribeImages.'),
    values: texts().optional().describe('Values, one of which must match.'),
  },
  { required: ['name', 'values'] },
);

/** drivers.md 12.1. */
const cloudImage = mapping(
  {
    name: text().describe('What labels call the image.'),
    username: text().optional().describe('User that the scheduler logs in as.'),
    'image-id': text().optional().describe('Id of the AMI.'),
    'image-filters': z.array(imageFilter).optional().describe('The newest AMI that matches is used.'),
    ...interpreterKeys,
    ...connectionKeys,
  },
  { required: ['username'], exactlyOne: [['image-id', 'image-filters']] },
);

const diskImage = mapping({
  name: text().describe('Name of a diskimage.'),
  username: text().optional().describe("User that the scheduler logs in as; the diskimage's if not given."),
  pause: flag().default(false).describe('Do not upload to this provider.'),
  ...interpreterKeys,
  ...connectionKeys,
  architecture: text().default('x86_64').describe('Architecture of the AMI.'),
  'ena-support': flag().default(true).describe('Enhanced networking.'),
  ...volumeKeys,
  'volume-type': text().default('gp3').describe('Type of the root volume.'),
  'import-method': choice(['snapshot', 'ebs-direct', 'image'])
    .default('snapshot')
    .describe('How the file becomes an AMI.'),
  'imds-support': choiceOf(choice(['v2.0']), z.null())
    .default('v2.0')
    .describe('Version of the metadata service; not with import-method image.'),
  tags: looseTextMap().default({}).describe("Tags of the AMI, over the diskimage's metadata."),
});

const fleet = mapping(
  {
    'instance-types': texts().optional().describe('Instance types to choose from.'),
    'allocation-strategy': choice([
      'prioritized',
      'price-capacity-optimized',
      'capacity-optimized',
      'diversified',
      'lowest-price',
    ])
      .optional()
      .describe('How AWS chooses.'),
  },
  { required: ['instance-types', 'allocation-strategy'] },
);

const label = mapping(
  {
    name: text().describe('Name of a top-level label.'),
    'key-name': text().optional().describe("Key pair for the instance's first user."),
    diskimage: text().optional().describe('Diskimage to boot from.'),
    'cloud-image': text().optional().describe('Cloud image to boot from.'),
    'instance-type': text().optional().describe('Type of the instance.'),
    fleet: fleet.optional().describe('Several types to choose from.'),
    'ebs-optimized': flag().default(false).describe('Optimise for EBS.'),
    'use-spot': flag().optional().describe('Launch as spot instance.'),
    'dedicated-host': flag().optional().describe('Allocate a host for the instance.'),
    ...volumeKeys,
    userdata: text().optional().describe('User data handed to the instance.'),
    'iam-instance-profile': mapping(
      {
        name: text().optional().describe('Name of the profile.'),
        arn: text().optional().describe('ARN of the profile.'),
      },
      { exactlyOne: [['name', 'arn']] },
    )
      .optional()
      .describe('Role of the instance.'),
    tags: looseTextMap().default({}).describe('Tags of the instance.'),
    'dynamic-tags': looseTextMap().default({}).describe('Tags whose values are templates about the request.'),
    imdsv2: choice(['required', 'optional']).optional().describe('Whether the metadata service demands tokens.'),
  },
  {
    required: ['key-name'],
    exactlyOne: [
      ['cloud-image', 'diskimage'],
      ['instance-type', 'fleet'],
    ],
    atMostOne: [['dedicated-host', 'use-spot']],
  },
);

const pool = mapping(
  {
    ...poolKeys,
    ...resourceKeys,
    'security-group-id': text().optional().describe('Security group of the instances.'),
    'subnet-id': text().optional().describe('Subnet of the instances.'),
    'availability-zone': text().optional().describe('Zone of the instances.'),
    'public-ipv4': flag().optional().describe('Give instances a public IPv4 address.'),
    'public-ipv6': flag().optional().describe('Give instances a public IPv6 address.'),
    'public-ip-address': flag().optional().describe('Old name of public-ipv4, which it overrides.'),
    'use-internal-ip': flag().optional().describe('Hand out the private address.'),
    'host-key-checking': hostKeyChecking(),
    labels: z.array(label).optional().describe('Labels that the pool offers.'),
  },
  { required: ['labels'], loadOnly: ['use-internal-ip'] },
);

/** drivers.md 12. */
export const awsSchema = mapping(
  {
    ...providerKeys,
    ...launchKeys(180),
    ...resourceKeys,
    'region-name': text().optional().describe('Region.'),
    'profile-name': text().optional().describe('Profile of the AWS configuration.'),
    rate: number().default(2).describe('Changing requests per second.'),
    'max-servers': integer().optional().describe('Instances at a time; inherited by pools.'),
    'object-storage': mapping(
      { 'bucket-name': text().optional().describe('Bucket for uploads.') },
      { required: ['bucket-name'] },
    )
      .optional()
      .describe('Where images go on their way.'),
    'image-format': choice(['ova', 'vhd', 'vhdx', 'vmdk', 'raw']).default('raw').describe('Format to upload.'),
    'image-import-timeout': integer()
      .optional()
      .describe('Seconds to repeat an import refused for too many at a time.'),
    'post-upload-hook': text().optional().describe('Program that is run after an upload.'),
    'use-internal-ip': flag().optional().describe('Hand out the private address.'),
    'host-key-checking': hostKeyChecking(),
    'public-ipv4': flag().optional().describe('Give instances a public IPv4 address; true if not given.'),
    'public-ipv6': flag().optional().describe('Give instances a public IPv6 address.'),
    'cloud-images': z.array(cloudImage).default([]).describe('AMIs that exist already.'),
    diskimages: z.array(diskImage).default([]).describe('Diskimages to upload here.'),
    pools: z.array(pool).default([]).describe('Groups of instances with limits and labels of their own.'),
  },
  { required: ['region-name'], loadOnly: ['use-internal-ip', 'host-key-checking', 'public-ipv4', 'public-ipv6'] },
);
