import { z } from 'zod';
import {
  connectionKeys,
  flag,
  hostKeyChecking,
  integer,
  interpreterKeys,
  launchKeys,
  looseTextMap,
  mapping,
  poolKeys,
  poolLimitKeys,
  providerKeys,
  text,
  uploadKeys,
} from '../schema-parts';

/** An accelerator as QEMU's `-accel` takes it: a name and options. */
const accelerator = () =>
  z.string().regex(/^(kvm|tcg)(,[a-z0-9-]+=[A-Za-z0-9_-]+)*$/, 'expected kvm or tcg, with options after commas');

const port = () => z.int().min(1).max(65_535);

const label = mapping(
  {
    name: text().describe('Name of a top-level label.'),
    diskimage: text().optional().describe('Diskimage to boot from.'),
    'cloud-image': text().optional().describe('Image file of the host to boot from.'),
    cpus: z.int().min(1).default(1).describe('Virtual processors.'),
    memory: z.int().min(32).default(1024).describe('Memory, MiB.'),
    disk: z
      .int()
      .min(1)
      .optional()
      .describe("Size of the disk, GiB; the image's own size if that is larger or none given."),
    'console-log': flag().default(false).describe('Log the console when a launch fails.'),
    'instance-properties': looseTextMap().default({}).describe("Metadata added to the machine's record."),
    'dynamic-instance-properties': looseTextMap()
      .default({})
      .describe('Metadata whose values are templates about the request, e.g. {request.tenant_name}.'),
    'host-key-checking': hostKeyChecking(),
  },
  { exactlyOne: [['diskimage', 'cloud-image']] },
);

const pool = mapping({
  ...poolKeys,
  ...poolLimitKeys,
  'ignore-provider-quota': flag().default(false).describe("Heed only this pool's limits when judging requests."),
  'host-key-checking': hostKeyChecking(),
  labels: z.array(label).default([]).describe('Labels that the pool offers.'),
});

const diskImage = mapping({
  name: text().describe('Name of a diskimage.'),
  pause: flag().default(false).describe('Do not upload to this provider.'),
  meta: looseTextMap().default({}).describe("Properties kept with the image, over the diskimage's metadata."),
  ...connectionKeys,
  ...uploadKeys,
});

const cloudImage = mapping({
  name: text().describe('What labels call the image.'),
  'image-path': text().describe('Image file on the host; it is only read.'),
  'image-format': z.enum(['qcow2', 'raw']).default('qcow2').describe('Format of that file.'),
  username: text().optional().describe('User that the scheduler logs in as.'),
  ...interpreterKeys,
  ...connectionKeys,
});

/** The provider section. */
export const qemuSchema = mapping({
  ...providerKeys,
  ...launchKeys(120),
  'image-store': text().describe('Folder of the host for uploaded images.'),
  'state-dir': text().describe('Folder of the host for the machines; all who share the host share it.'),
  'image-format': z.enum(['qcow2', 'raw']).default('qcow2').describe('Format that images are built in.'),
  'image-name-format': text()
    .default('{image_name}-{timestamp}')
    .describe('Name of uploaded images; {image_name}, {timestamp} and {build_id} are filled in.'),
  'post-upload-hook': text().optional().describe('Program that is run after an upload.'),
  qemu: text().default('qemu-system-x86_64').describe('Program that runs a machine.'),
  accel: z
    .array(accelerator())
    .min(1)
    .default(['kvm', 'tcg'])
    .describe('Accelerators in order of preference; the first one that boots a probe is used.'),
  machine: text().default('q35').describe("QEMU's machine type."),
  cpu: text().default('max').describe("QEMU's processor model."),
  'bind-address': z.ipv4().default('127.0.0.1').describe("Address of the host that machines' ports are bound to."),
  'connect-address': text().optional().describe('Address that nodes are announced under; bind-address if not given.'),
  'port-range': z
    .tuple([port(), port()])
    .refine(([first, last]) => first <= last, 'the first port is above the last')
    .default([22_000, 29_999])
    .describe('First and last port of the host to forward to machines.'),
  'restrict-network': flag().default(true).describe('Machines reach nothing: neither the host nor the outside.'),
  'power-off-timeout': integer()
    .default(2)
    .describe('Seconds a machine gets to shut down when deleted; 0 = cut at once.'),
  'max-servers': integer().optional().describe('Machines on the host; no limit if not given.'),
  'max-cores': integer().optional().describe("Virtual processors on the host; the host's own number if not given."),
  'max-ram': integer().optional().describe("Memory of all machines, MiB; three quarters of the host's if not given."),
  diskimages: z.array(diskImage).default([]).describe('Diskimages to upload here.'),
  'cloud-images': z.array(cloudImage).default([]).describe('Image files that the host has already.'),
  pools: z.array(pool).default([]).describe('Groups of nodes with limits and labels of their own.'),
});

export type QemuSection = z.infer<typeof qemuSchema>;
export type QemuLabelSection = z.infer<typeof label>;
export type QemuCloudImageSection = z.infer<typeof cloudImage>;
