import type { ProviderConfig } from '../../config/types';
import type { ExternalId, Provider } from '../../drivers/driver';
import { NotFoundError } from '../../drivers/errors';
import { driverOf } from '../../drivers/registry';
import type { NodeClaim } from '../../store/api';
import { changeNodes, nodeId, withNodes } from '../change-node';
import type { Command, CommandContext, Options } from '../context';
import { remark } from '../print-view';

/** Between two looks whether the cloud has done it. */
const POLL_MS = 500;

/** cli.md 4.9. */
export const run: Command = (context, ids, options) =>
  options['now'] === true
    ? deleteNow(context, ids, options)
    : changeNodes(context, ids, options, { state: 'deleting' });

async function deleteNow(context: CommandContext, ids: readonly string[], options: Options): Promise<number> {
  const { providers } = context.config();
  const store = await context.store();
  const reachable: string[] = [];
  for (const id of ids) {
    const provider = (await store.nodes.get(nodeId(id)))?.record.provider;
    if (provider === undefined || providers.has(provider ?? '')) reachable.push(id);
    else await remark(context, options, `Provider ${provider} for node ${id} not defined on this launcher`);
  }
  return withNodes(context, reachable, options, async (claim) => {
    const { provider } = claim.current.record;
    await claim.write({ state: 'deleting' });
    await destroyInstance(context, providers.get(provider ?? '')!, claim);
    await claim.remove();
  });
}

async function destroyInstance(context: CommandContext, config: ProviderConfig, claim: NodeClaim): Promise<void> {
  const { externalId } = claim.current.record;
  if (externalId === null) return;
  const provider = driverOf(config).connect(config, { ...context, env: context.io.env });
  try {
    await untilGone(context, provider, externalId as ExternalId, AbortSignal.any([context.signal, claim.signal]));
  } finally {
    await provider.close();
  }
}

/** Asks until the cloud says that the instance is gone. */
async function untilGone(
  context: CommandContext,
  provider: Provider,
  externalId: ExternalId,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await provider.destroy(externalId, signal);
    } catch (error) {
      if (error instanceof NotFoundError) return;
      throw error;
    }
    await context.clock.sleep(POLL_MS, signal);
  }
}
