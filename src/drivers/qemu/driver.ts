import { availableParallelism, totalmem } from 'node:os';
import type { Driver } from '../driver';
import { QemuProvider } from './provider';
import { type QemuSection, qemuSchema } from './schema';

/** A host with QEMU as a provider: images in its store, one virtual machine for each node. */
export const qemuDriver: Driver = {
  name: 'qemu',
  schema: qemuSchema,
  managesImages: true,
  imageFormat: (config) => (config.section as QemuSection)['image-format'],
  connect: (config, tools) =>
    new QemuProvider(config, tools, { cores: availableParallelism(), ramMib: Math.floor(totalmem() / 2 ** 20) }),
};
