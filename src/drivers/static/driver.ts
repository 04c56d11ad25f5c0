import type { ProviderConfig } from '../../config/types';
import type { Driver } from '../driver';
import { RefusedError } from '../errors';
import { StaticProvider } from './provider';
import { staticSchema } from './schema';

/** Machines that are there already: registered as nodes, handed out and taken back (drivers.md 7). */
export const staticDriver: Driver = {
  name: 'static',
  schema: staticSchema,
  managesImages: false,
  imageFormat: (config: ProviderConfig) => {
    throw new RefusedError(config.name, 'machines take no images');
  },
  connect: (config, tools) => new StaticProvider(config, tools),
};
