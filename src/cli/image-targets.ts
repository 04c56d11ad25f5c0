import type { Config } from '../config/types';
import { CommandError } from './failure';

/** An image and the providers that it is to be uploaded to. */
export interface ImageTargets {
  readonly image: string;
  readonly providers: readonly string[];
}

/** Reads `[PROVIDER] IMAGE`; throws a CommandError in the words of the old tool (cli.md 10.2). */
export function imageTargets(config: Config, args: readonly string[]): ImageTargets {
  const [provider, image] = args.length === 1 ? ['all', args[0]!] : [args[0]!, args[1]!];
  const users = [...config.providers.values()].filter((it) => it.diskImages.has(image)).map((it) => it.name);
  if (provider !== 'all' && !config.providers.has(provider)) {
    throw new CommandError(`Provider ${provider} does not exist`);
  }
  if (!config.diskImages.has(image)) {
    throw new CommandError(`Trying to upload a non disk-image-builder image: ${image}`);
  }
  if (users.length === 0) throw new CommandError(`Image specified, ${image}, is not in use.`);
  if (provider !== 'all' && !users.includes(provider)) {
    throw new CommandError(`Image ${image} not in use by provider ${provider}`);
  }
  const providers = provider === 'all' ? users : [provider];
  const paused = providers.filter((it) => config.providers.get(it)!.diskImages.get(image)!.pause);
  if (paused.length > 0) throw new CommandError(`Image ${image} is paused at provider ${paused.join(', ')}`);
  return { image, providers };
}
