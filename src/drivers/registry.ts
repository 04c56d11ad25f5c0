import type { z } from 'zod';
import type { ProviderConfig } from '../config/types';
import { awsSchema } from './aws/schema';
import type { Driver, DriverRegistry, DriverTools } from './driver';
import type * as FakeModule from './fake/driver';
import { fakeSchema } from './fake/schema';
import { kubernetesSchema } from './kubernetes/schema';
import { metastaticSchema } from './metastatic/schema';
import { openStackSchema } from './openstack/schema';
import type * as QemuModule from './qemu/driver';
import { qemuSchema } from './qemu/schema';
import type * as StaticModule from './static/driver';
import { staticSchema } from './static/schema';

/** A driver whose code is read from disk only when a provider wants it; its schema is there at once. */
export interface DriverEntry extends Driver {
  load(): Driver;
}

interface Facts {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly managesImages: boolean;
}

/** Every driver a file may name: what `loadConfig` is handed as schemas, and what the programs connect with. */
export const drivers: ReadonlyMap<string, DriverEntry> & DriverRegistry = new Map(
  [
    available({ name: 'fake', schema: fakeSchema, managesImages: true }, () => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- read when first needed: start-up time
      return (require('./fake/driver') as typeof FakeModule).fakeDriver;
    }),
    available({ name: 'qemu', schema: qemuSchema, managesImages: true }, () => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- as above
      return (require('./qemu/driver') as typeof QemuModule).qemuDriver;
    }),
    schemaOnly({ name: 'openstack', schema: openStackSchema, managesImages: true }),
    available({ name: 'static', schema: staticSchema, managesImages: false }, () => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- as above
      return (require('./static/driver') as typeof StaticModule).staticDriver;
    }),
    schemaOnly({ name: 'metastatic', schema: metastaticSchema, managesImages: false }),
    schemaOnly({ name: 'kubernetes', schema: kubernetesSchema, managesImages: false }),
    schemaOnly({ name: 'aws', schema: awsSchema, managesImages: true }),
  ].map((it) => [it.name, it]),
);

/** The driver of a provider. Throws a clear error for a name that no driver has. */
export function driverOf(config: ProviderConfig): DriverEntry {
  const driver = drivers.get(config.driver);
  if (driver !== undefined) return driver;
  const known = [...drivers.keys()].sort().join(', ');
  throw new Error(`provider ${config.name}: no driver ${config.driver}; there are ${known}`);
}

function available(facts: Facts, load: () => Driver): DriverEntry {
  return {
    ...facts,
    load,
    imageFormat: (config: ProviderConfig, tools: DriverTools) => load().imageFormat(config, tools),
    requestDistanceMs: (config: ProviderConfig) => load().requestDistanceMs?.(config) ?? 0,
    connect: (config: ProviderConfig, tools: DriverTools) => load().connect(config, tools),
  };
}

/** Its section is checked, so that files that use it load; nothing can be done with it. */
function schemaOnly(facts: Facts): DriverEntry {
  return available(facts, () => {
    throw new Error(`driver ${facts.name} is not in this release`);
  });
}
