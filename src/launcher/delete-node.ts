import type { Node, NodeState } from '../model/records';
import { ClaimLostError, type NodeClaim, type NodeEntry } from '../store/api';
import { underAll } from '../runtime/link-signals';
import { within } from './cloud-call';
import { destroyInstance, instancesOfNode, storedExternalId } from './destroy-instance';
import type { ProviderRuntime } from './provider-runtime';
import type { LauncherTools } from './tools';

/** One try at a deletion; then the node is let go and tried again later (launcher.md 17). */
const DELETION_TIMEOUT_MS = 600_000;

/**
 * How long after the end of its launcher a call for an instance may still be on its way, or lists not show what it made.
 */
const LATE_CALL_MS = 5_000;

/** Nobody has written what became of the launch. */
const UNCERTAIN: ReadonlySet<NodeState> = new Set(['building', 'deleting']);

const DELETABLE: ReadonlySet<NodeState> = new Set([
  'init',
  'used',
  'in-use',
  'building',
  'failed',
  'deleting',
  'deleted',
  'aborted',
]);

/**
 * Removes instance and record of a node that nobody needs. Resolves with false when it is held or needed after all; rejects
 * when the cloud does not agree in time. The record stays, in state `deleting` and counted, until the instance is gone.
 */
export async function deleteNode(
  id: string,
  runtime: ProviderRuntime,
  tools: LauncherTools,
  signal: AbortSignal,
  mayDelete: (record: Node) => boolean,
): Promise<boolean> {
  const may = (it: Node) => it.state === 'deleted' || (DELETABLE.has(it.state) && mayDelete(it));
  const entry = tools.store.nodes.view().nodes.get(id);
  if (entry?.record !== undefined && !may(entry.record)) return false;
  const quick = await claimForDeletion(entry, tools, signal);
  const claim = quick ?? (await tools.store.nodes.claim(id, signal));
  if (claim === undefined) return false;
  const letGo = runtime.hold();
  try {
    const { state, provider } = quick === undefined ? claim.current.record : entry!.record!;
    if (state !== 'deleted' && provider !== null) {
      if (!may(claim.current.record)) return false;
      if (claim.current.record.state !== 'deleting') await claim.write({ state: 'deleting' });
      await underAll([signal, claim.signal], (alive) =>
        within(DELETION_TIMEOUT_MS, 'deletion', tools, alive, (it) => destroyAll(claim, state, runtime, tools, it)),
      );
    }
    if (!claim.isHeld()) throw new ClaimLostError(id, 'lock-gone');
    await claim.remove();
    return true;
  } finally {
    await claim.release();
    await letGo();
  }
}

/** In one step, if the record is still as the view shows it. */
async function claimForDeletion(
  entry: NodeEntry | undefined,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<NodeClaim | undefined> {
  if (entry?.record === undefined) return undefined;
  return tools.store.nodes.claimAs(entry, entry.record.state === 'deleted' ? {} : { state: 'deleting' }, signal);
}

async function destroyAll(
  claim: NodeClaim,
  state: NodeState,
  runtime: ProviderRuntime,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<void> {
  const stored = storedExternalId(claim.current.record.externalId);
  if (stored !== undefined) {
    await destroyInstance(runtime.provider, stored, tools, signal);
    return;
  }
  if (state === 'init') return; // no instance was asked for yet
  await destroyListed(claim.id, runtime, tools, signal);
  if (!UNCERTAIN.has(state)) return;
  await tools.clock.sleep(LATE_CALL_MS, signal);
  await destroyListed(claim.id, runtime, tools, signal);
}

async function destroyListed(node: string, runtime: ProviderRuntime, tools: LauncherTools, signal: AbortSignal) {
  for (const { externalId } of await instancesOfNode(runtime, node, tools, signal)) {
    await destroyInstance(runtime.provider, externalId, tools, signal);
  }
}
