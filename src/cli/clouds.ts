import type { ProviderConfig } from '../config/types';
import type { Provider } from '../drivers/driver';
import { openProvider } from '../drivers/open-provider';
import type { CommandContext } from './context';
import { CommandError } from './failure';

/** An audit of a cloud that is out of reach must end. */
const ATTEMPTS = 2;

/** What was asked of a provider, or why it could not be. */
export type Asked<T> =
  | { readonly config: ProviderConfig; readonly answer: T }
  | { readonly config: ProviderConfig; readonly problem: string };

/** The configured providers, or the one that is named. Throws a CommandError for one that is not configured. */
export function chosenProviders(context: CommandContext, name: string | undefined): readonly ProviderConfig[] {
  const { providers } = context.config();
  if (name === undefined) return [...providers.values()];
  const config = providers.get(name);
  if (config !== undefined) return [config];
  const known = [...providers.keys()].join(', ');
  throw new CommandError(`Provider ${name} does not exist in ${context.global.configFile} (there are: ${known})`);
}

/** Asks clouds side by side, each opened for the question and closed after it; order is that of `configs`. */
export function askProviders<T>(
  context: CommandContext,
  configs: readonly ProviderConfig[],
  ask: (provider: Provider, config: ProviderConfig) => Promise<T>,
): Promise<readonly Asked<T>[]> {
  return Promise.all(
    configs.map(async (config): Promise<Asked<T>> => {
      let provider: Provider | undefined;
      try {
        provider = openProvider(config, { ...context, env: context.io.env }, { attempts: ATTEMPTS });
        return { config, answer: await ask(provider, config) };
      } catch (error) {
        context.signal.throwIfAborted();
        return { config, problem: error instanceof Error ? error.message : String(error) };
      } finally {
        await provider?.close();
      }
    }),
  );
}

/** The answers; whoever did not answer is told on standard error. */
export function answered<T>(
  context: CommandContext,
  asked: readonly Asked<T>[],
): readonly { readonly config: ProviderConfig; readonly answer: T }[] {
  return asked.flatMap((it) => {
    if ('answer' in it) return [it];
    context.complain(`provider ${it.config.name} cannot be asked: ${it.problem}`);
    return [];
  });
}
