import type { PoolConfig, PoolLabelConfig } from '../config/types';
import type { Instance } from '../drivers/driver';
import { NoCapacityError, RefusedError } from '../drivers/errors';
import { logTrouble } from '../drivers/log-trouble';
import type { NodeRequest } from '../model/records';
import { underAll } from '../runtime/link-signals';
import type { Logger } from '../runtime/log';
import type { Span } from '../runtime/tracing/tracing';
import { ClaimLostError, type ImagesView } from '../store/api';
import { within } from './cloud-call';
import { logConsole } from './console-log';
import { destroyInstance, instancesOfNode, storedExternalId } from './destroy-instance';
import type { HeldNode } from './held-node';
import { oneAttempt } from './launch-attempt';
import { launchCause } from './launch-cause';
import { asJson, attemptOf } from './launch-record';
import { CloudCalls, launchLog, type LaunchReporter, launchReporter } from './launch-report';
import { launchResult } from './launch-result';
import type { ProviderRuntime } from './provider-runtime';
import type { LauncherTools } from './tools';

/*
 * A node on its way: init -> building -> ready, or aborted (the cloud is full: not an attempt), or failed. Everything
 * that the next launcher needs to go on is in the record or at the cloud under a name that follows from the node's id:
 *
 *   no external id, fresh      ask for the instance
 *   no external id, inherited  look at the cloud for one of our name, else ask for it
 *   external id                wait until it runs
 *   running                    scan host keys, write all of it in one step with `ready`
 */

export interface LaunchJob {
  readonly runtime: ProviderRuntime;
  readonly pool: PoolConfig;
  readonly label: PoolLabelConfig;
  /** Chosen for the whole set; undefined where the cloud has none. */
  readonly zone: string | undefined;
  readonly requestId: string;
  readonly request: NodeRequest;
  readonly images: ImagesView;
  /** The node was begun by a launcher that is gone. */
  readonly inherited: boolean;
  /** What its parts are traced below. */
  readonly span?: Span;
  /** Whether the request is done with this node: then what is left to write of it goes with the hand-over. */
  endsSet?(): boolean;
  /** Whether others could serve the request: then it does not wait as long as its launch may take for a cloud that is silent. */
  othersCould?(): boolean;
}

/** While the link to ZooKeeper is down, and it is open whether the lock will turn out to be lost. */
const UNSURE_PAUSE_MS = 100;

/** 'lost': the node is not ours any more, or we were told to stop; nothing was written after that. */
export type LaunchOutcome = 'ready' | 'failed' | 'aborted' | 'lost';

/** Brings a node whose lock is held to its end state and writes it. Never throws; keeps the lock. */
export async function launchNode(
  node: HeldNode,
  job: LaunchJob,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<LaunchOutcome> {
  const log = launchLog(node, job, tools);
  const report = launchReporter(node, job, tools);
  try {
    const outcome = await underAll([signal, node.signal], (it) => attempts(node, job, { ...tools, log }, report, it));
    if (outcome !== 'ready') await node.write({ state: outcome });
    log.info(`node is ${outcome}`);
    return outcome;
  } catch (error) {
    const lockGone = node.signal.aborted || (error instanceof ClaimLostError && error.reason === 'lock-gone');
    if (lockGone && !signal.aborted) report.ended('error.zksession');
    if (error instanceof ClaimLostError || signal.aborted || node.signal.aborted) return 'lost';
    return failLaunch(node, error, report, log);
  }
}

/** Ends a launch that something unforeseen has happened to: that is told, and the node is written off. Never throws. */
export async function failLaunch(
  node: HeldNode,
  error: unknown,
  report: Pick<LaunchReporter, 'ended'>,
  log: Logger,
): Promise<'failed' | 'lost'> {
  report.ended('error.unknown');
  logTrouble(log, 'error', 'node could not be launched', error);
  try {
    await node.write({ state: 'failed' });
    return 'failed';
  } catch (again) {
    if (!(again instanceof ClaimLostError)) log.error('failed launch could not be written down', { err: again });
    return 'lost'; // whoever finds the node unlocked deletes it
  }
}

async function attempts(
  node: HeldNode,
  job: LaunchJob,
  tools: LauncherTools,
  report: LaunchReporter,
  signal: AbortSignal,
): Promise<'ready' | 'failed' | 'aborted'> {
  const { launchRetries, launchTimeout } = job.runtime.config;
  const tries = Math.max(1, launchRetries);
  const cloudCalls = () => new CloudCalls(tools, report, () => job.othersCould?.() === true);
  const inherit = (it: AbortSignal) => inheritedAttempt(node, job, cloudCalls(), tools, it);
  let attempt = job.inherited ? await within(launchTimeout * 1000, 'launch-timeout', tools, signal, inherit) : 1;
  for (;;) {
    const calls = cloudCalls();
    try {
      await within(launchTimeout * 1000, 'launch-timeout', tools, signal, (it) =>
        oneAttempt(node, attempt, job, calls, tools, it),
      );
      report.ended('ready');
      return 'ready';
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ClaimLostError) throw error;
      // A limit of time may have passed because this process stood still: then the instance is another launcher's by now.
      while (!node.isHeld()) await tools.clock.sleep(UNSURE_PAUSE_MS, signal);
      const cause = launchCause(error, calls.unanswered);
      report.ended(launchResult(error));
      report.setBack(cause);
      if (error instanceof NoCapacityError) {
        const fields = { cause, resource: error.resource };
        logTrouble(tools.log, 'warn', 'provider has no capacity for a node', error, fields);
        job.runtime.forgetQuota();
        return 'aborted';
      }
      if (calls.gaveUp) job.runtime.doubt();
      const isLast = attempt >= tries || error instanceof RefusedError || calls.gaveUp;
      const { unanswered } = calls;
      const last = unanswered instanceof Error ? { last_answer: unanswered.message } : {};
      const fields = { attempt, of: tries, cause, ...last };
      logTrouble(tools.log, 'warn', 'attempt to launch a node failed', error, fields, cause !== 'unknown');
      await logConsoleOf(node, job, tools, signal);
      if (isLast) return 'failed';
    }
    if (!(await clearAttempt(node, job, tools, signal))) return 'failed';
    attempt += 1;
  }
}

/**
 * Which attempt a node of another launcher is at; takes over an instance whose id did not reach the record. One that is on its
 * way out is waited for, so that the node never has two.
 */
async function inheritedAttempt(
  node: HeldNode,
  job: LaunchJob,
  calls: CloudCalls,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<number> {
  const found = await instancesOfNode(job.runtime, node.id, tools, signal, (call, it) => calls.make(call, it));
  const newest = newestAttempt(node.id, found);
  if (newest === undefined) return 1;
  const attempt = attemptOf(node.id, newest.name);
  if (storedExternalId(node.record.externalId) !== undefined) return attempt;
  if (newest.state === 'deleting') {
    await destroyInstance(job.runtime.provider, newest.externalId, tools, signal);
    return attempt + 1;
  }
  if (newest.state !== 'failed') await node.write({ state: 'building', externalId: asJson(newest.externalId) });
  return attempt;
}

function newestAttempt(node: string, found: readonly Instance[]): Instance | undefined {
  return [...found].sort((a, b) => attemptOf(node, b.name) - attemptOf(node, a.name))[0];
}

async function logConsoleOf(node: HeldNode, job: LaunchJob, tools: LauncherTools, signal: AbortSignal): Promise<void> {
  const externalId = storedExternalId(node.record.externalId);
  if (job.label.consoleLog && externalId !== undefined) {
    await logConsole(job.runtime.provider, externalId, tools, signal);
  }
}

/**
 * Removes what the failed attempt made, so that the next one starts clean. False when it resists: with another attempt the
 * node would have two instances and count for one, so it fails, and is deleted with patience.
 */
async function clearAttempt(
  node: HeldNode,
  job: LaunchJob,
  tools: LauncherTools,
  signal: AbortSignal,
): Promise<boolean> {
  const { provider, config } = job.runtime;
  try {
    await within(config.launchTimeout * 1000, 'deletion', tools, signal, async (it) => {
      const stored = storedExternalId(node.record.externalId);
      const found = stored === undefined ? await instancesOfNode(job.runtime, node.id, tools, it) : [];
      const ids = stored === undefined ? found.map((instance) => instance.externalId) : [stored];
      for (const id of ids) await destroyInstance(provider, id, tools, it);
    });
  } catch (error) {
    signal.throwIfAborted();
    logTrouble(tools.log, 'warn', 'instance of a failed attempt could not be removed', error);
    return false;
  }
  await node.write({ externalId: null, interfaceIp: null });
  return true;
}
