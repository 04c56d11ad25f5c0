import type { Config, ProviderConfig } from '../../config/types';
import type { ExternalId, Provider } from '../../drivers/driver';
import { NotFoundError } from '../../drivers/errors';
import { driverOf } from '../../drivers/registry';
import type { NodeClaim } from '../../store/api';
import { changeNode, claimNode } from '../change-node';
import type { Command, CommandContext } from '../context';
import { printNode } from '../print-node';

/** Between two looks whether the cloud has done it. */
const POLL_MS = 500;

/** cli.md 4.9. */
export const run: Command = async (context, [id = ''], options) =>
  options['now'] === true ? deleteNow(context, id) : changeNode(context, id, { state: 'deleting' });

async function deleteNow(context: CommandContext, id: string): Promise<number> {
  const config: Config = context.config();
  const store = await context.store();
  const node = await store.nodes.get(id);
  const provider = node && config.providers.get(node.record.provider ?? '');
  if (node !== undefined && provider === undefined) {
    await context.print(`Provider ${node.record.provider} for node ${id} not defined on this launcher\n`);
    return 0;
  }
  const claim = await claimNode(context, store, id);
  if (claim === undefined || provider === undefined) return 0;
  try {
    await claim.write({ state: 'deleting' });
    await destroyInstance(context, provider, claim);
    await claim.remove();
  } finally {
    await claim.release();
  }
  await printNode(context, store, id);
  return 0;
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
