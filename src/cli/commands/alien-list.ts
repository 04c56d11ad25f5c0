import { aliensView, type AlienRow } from '../../views/aliens';
import type { Instance } from '../../drivers/driver';
import type { NodeEntry } from '../../store/api';
import { answered, askProviders, chosenProviders } from '../clouds';
import type { Command } from '../context';
import { showList } from '../lists/show-list';

/** Clouds do not tell of changes, and are not to be asked all the time. */
const POLL_SECONDS = 30;

/** cli.md 10.2: servers of the accounts that no node record knows. */
export const run: Command = (context, [name], options) => {
  const configs = chosenProviders(context, name);
  return showList(context, options, {
    shape: aliensView([]),
    pollSeconds: POLL_SECONDS,
    async read() {
      const store = await context.store();
      const asked = await askProviders(context, configs, (provider) =>
        provider.standing === undefined ? provider.list(context.signal) : Promise.resolve([]),
      );
      // Read after the clouds: a record precedes its instance.
      const nodes = await store.nodes.read();
      const rows = answered(context, asked).flatMap(({ config, answer }) => aliensOf(config.name, answer, nodes));
      return () => aliensView(rows);
    },
  });
};

function aliensOf(
  provider: string,
  instances: readonly Instance[],
  nodes: ReadonlyMap<string, NodeEntry>,
): readonly AlienRow[] {
  const known = new Set(
    [...nodes.values()].map((it) => `${it.record?.provider} ${JSON.stringify(it.record?.externalId)}`),
  );
  const isKnown = ({ externalId, metadata }: Instance) => {
    // Several providers may share an account: one of them has it.
    const owner = metadata['nodepool_provider_name'] ?? provider;
    if ([provider, owner].some((it) => known.has(`${it} ${JSON.stringify(externalId)}`))) return true;
    const node = nodes.get(metadata['nodepool_node_id'] ?? '')?.record;
    return node !== undefined && node.provider === owner && node.externalId === null; // the answer with its id is under way
  };
  return instances
    .filter((it) => !isKnown(it))
    .map(({ name, externalId, publicIpv4, interfaceIp, privateIpv4, state, metadata }) => ({
      provider,
      hostname: name,
      externalId,
      ip: publicIpv4 ?? interfaceIp ?? privateIpv4,
      state,
      metadata,
    }));
}
