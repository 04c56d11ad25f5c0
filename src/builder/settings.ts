import { parseCron } from '../config/cron';
import type { Config, ProviderConfig } from '../config/types';
import type { ImageWish, ImageWishes, ProviderWish } from '../decide/image-snapshot';
import type { DriverRegistry, DriverTools } from '../drivers/driver';
import { logTrouble } from '../drivers/log-trouble';

/** Where the configuration comes from, and how one hears of another. */
export interface ConfigSource {
  readonly current: Config;
  onChange(listener: () => void): () => void;
  /** Tells what is wrong with the files, or that nothing is any more, whenever that changes. */
  onProblem?(listener: (problem: string | undefined) => void): () => void;
}

/** The providers that take part in building and uploading (config.md 8); all others are ignored. */
export function imageProviders(config: Config, drivers: DriverRegistry): readonly ProviderConfig[] {
  return [...config.providers.values()].filter((it) => drivers.get(it.driver)?.managesImages === true);
}

/** What the planners want to know of a configuration. A provider whose format cannot be known is logged, and lends none. */
export function imageWishes(config: Config, drivers: DriverRegistry, tools: DriverTools): ImageWishes {
  const providers = new Map(
    imageProviders(config, drivers).map((it): [string, ProviderWish] => [
      it.name,
      { name: it.name, format: imageFormat(it, drivers, tools), diskImages: it.diskImages },
    ]),
  );
  const images = new Map(
    [...config.diskImages.values()].map((it): [string, ImageWish] => {
      const wanted = [...providers.values()].filter((provider) => provider.diskImages.has(it.name));
      const formats = wanted.flatMap((provider) => provider.format ?? []);
      return [it.name, { config: it, formats: new Set([...it.formats, ...formats]) }];
    }),
  );
  return { images, providers, ...scheduleOf(config, tools) };
}

/** One that cannot be read is none: images are still built when they are old. */
function scheduleOf({ imageUpdateCron }: Config, tools: DriverTools): Pick<ImageWishes, 'schedule'> {
  if (imageUpdateCron === undefined) return {};
  try {
    const machineZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    return { schedule: { cron: parseCron(imageUpdateCron), machineZone } };
  } catch (error) {
    tools.log.error('schedule of image-update cannot be read', { cron: imageUpdateCron, err: error });
    return {};
  }
}

function imageFormat(provider: ProviderConfig, drivers: DriverRegistry, tools: DriverTools): string | undefined {
  try {
    return drivers.get(provider.driver)?.imageFormat(provider, tools);
  } catch (error) {
    logTrouble(tools.log, 'error', 'image format of provider unknown', error, { provider: provider.name });
    return undefined;
  }
}

/** Names of the providers that images may be found at: also of those that list none any more. */
export function imageProviderNames(wishes: ImageWishes): readonly string[] {
  return [...wishes.providers.keys()];
}
