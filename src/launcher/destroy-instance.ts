import type { ExternalId, Instance, Provider } from '../drivers/driver';
import { NotFoundError } from '../drivers/errors';
import type { Json } from '../model/json';
import { Backoff } from '../runtime/backoff';
import { untilAnswered } from './cloud-call';
import type { LauncherTools } from './tools';

export const NODE_ID_KEY = 'nodepool_node_id';
export const POOL_NAME_KEY = 'nodepool_pool_name';
export const PROVIDER_NAME_KEY = 'nodepool_provider_name';

/** Ours: where several installations share a cloud account, only resources with the own id are touched. */
export const INSTALLATION_ID_KEY = 'nodepool_installation_id';

/** By whose metadata an instance is known as one of this provider's. */
export interface Owner {
  readonly provider: string;
  readonly installation: string | undefined;
}

export function isOwn({ metadata }: Pick<Instance, 'metadata'>, owner: Owner): boolean {
  return metadata[PROVIDER_NAME_KEY] === owner.provider && metadata[INSTALLATION_ID_KEY] === owner.installation;
}

/** Asks for the instance's end until the cloud says that it is gone. */
export async function destroyInstance(
  provider: Provider,
  externalId: ExternalId,
  tools: Pick<LauncherTools, 'clock' | 'random'>,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff({ firstMs: 50, maxMs: 5000 }, tools.random);
  for (;;) {
    try {
      await untilAnswered((it) => provider.destroy(externalId, it), tools, signal);
    } catch (error) {
      if (error instanceof NotFoundError) return;
      throw error;
    }
    await tools.clock.sleep(backoff.next(), signal);
  }
}

/** Makes a call, again and again if it may be repeated. */
export type Ask = <T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * The instances that were made for a node, also those whose id never reached its record: the name and the metadata go to
 * the cloud with the first call. Those on their way out are among them: they count at the cloud until they are gone.
 */
export async function instancesOfNode(
  { provider, owner }: { readonly provider: Provider; readonly owner: Owner },
  node: string,
  tools: Pick<LauncherTools, 'clock' | 'random'>,
  signal: AbortSignal,
  ask: Ask = (call, it) => untilAnswered(call, tools, it),
): Promise<readonly Instance[]> {
  const listed = await ask((it) => provider.list(it), signal);
  return listed.filter((it) => it.metadata[NODE_ID_KEY] === node && isOwn(it, owner));
}

/** The id in a record, if it is one that a driver can have given. */
export function storedExternalId(value: Json): ExternalId | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)
    : undefined;
}
