import type { Instance } from '../drivers/driver';
import { LaunchFailedError } from '../drivers/errors';
import type { Node } from '../model/records';
import { noSpan, traced } from '../runtime/tracing/tracing';
import { storedExternalId } from './destroy-instance';
import type { HeldNode } from './held-node';
import { keyCheck } from './host-key-check';
import { chooseImage } from './image-choice';
import type { LaunchJob } from './launch-node';
import { asJson, instanceChange, isIn, preparedChange } from './launch-record';
import type { CloudCalls } from './launch-report';
import { NoImageError } from './launch-result';
import { launchSpec } from './launch-spec';
import type { LauncherTools } from './tools';

/** Goes on where the record says that the node is, up to `ready`; throws whatever keeps it from that. */
export async function oneAttempt(
  node: HeldNode,
  attempt: number,
  job: LaunchJob,
  calls: CloudCalls,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<void> {
  const { provider } = job.runtime;
  const { span = noSpan } = job;
  const about = { 'nodepool.attempt': attempt };
  const begun = await beginUnlessBegun(node, attempt, job, calls, tools, signal);
  const known = begun?.externalId ?? storedExternalId(node.record.externalId)!;
  const instance =
    begun?.state === 'running'
      ? begun
      : await traced(span, 'wait for instance', about, () => calls.make((it) => provider.settled(known, it), signal));
  if (instance.state === 'failed') {
    throw new LaunchFailedError(job.runtime.config.name, instance.fault ?? 'instance failed');
  }
  const change = instanceChange(instance, job.pool, node.record.az);
  const hostKeys =
    instance.hostKeys ??
    (await traced(span, 'scan host keys', { 'nodepool.attempt': attempt }, () =>
      hostKeysOf({ ...node.record, ...change }, job, tools, signal),
    ));
  signal.throwIfAborted();
  const ready = { ...change, ...(hostKeys.length === 0 ? {} : { hostKeys }), state: 'ready' as const };
  if (job.endsSet?.() === true && node.isHeld()) node.writeLater(ready);
  else await node.write(ready);
}

/**
 * The instance, if it was asked for now. Its id is written at once; only where nothing else is to be waited for it goes with
 * `ready`, and until then the instance is known by its name, as it is until any id is written.
 */
async function beginUnlessBegun(
  node: HeldNode,
  attempt: number,
  job: LaunchJob,
  calls: CloudCalls,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<Instance | undefined> {
  if (storedExternalId(node.record.externalId) !== undefined) return undefined;
  const choice = chooseImage(job.label, job.runtime.config, job.images);
  if (choice === undefined) throw new NoImageError();
  const prepared = preparedChange(choice, job.zone);
  if (!isIn(node.record, prepared)) await node.write(prepared);
  const spec = launchSpec(node, attempt, job, choice, tools);
  const instance = await traced(job.span ?? noSpan, 'create instance', { 'nodepool.attempt': attempt }, () =>
    calls.make((it) => job.runtime.provider.launch(spec, it), signal),
  );
  const isAllDone = instance.state === 'running' && isNotScanned(instance, node, job);
  if (!isAllDone) await node.write({ externalId: asJson(instance.externalId) });
  return instance;
}

function isNotScanned(instance: Instance, node: HeldNode, job: LaunchJob): boolean {
  const record = { ...node.record, ...instanceChange(instance, job.pool, node.record.az) };
  return instance.hostKeys !== undefined || checkOf(record, job).kind === 'known';
}

async function hostKeysOf(
  record: Node,
  job: LaunchJob,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const check = checkOf(record, job);
  return check.kind === 'known' ? check.keys : tools.scanHostKeys(check.target, signal);
}

function checkOf(record: Node, job: LaunchJob): ReturnType<typeof keyCheck> {
  return keyCheck({
    enabled: job.label.hostKeyChecking,
    address: record.interfaceIp,
    port: record.connectionPort,
    connectionType: record.connectionType,
    timeoutMs: job.runtime.config.bootTimeout * 1000,
  });
}
