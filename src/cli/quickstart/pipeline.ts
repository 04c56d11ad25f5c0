import { join } from 'node:path';
import type { Clock } from '../../runtime/clock';
import { deadline } from '../../runtime/deadline';
import type { Scheduler, NodeSet } from '../../scheduler/scheduler';
import type { Store } from '../../store/api';
import { fileTail } from './daemon';
import { followBuildLog } from './log-follower';
import { IMAGE, LABEL } from './pool-config';
import type { QuickstartOptions } from './options';
import type { Progress } from './progress';
import { runOnNode, sshCommand } from './ssh';
import {
  checkLaunches,
  StageFailedError,
  nodeSummary,
  readyBuild,
  readyUpload,
  spareNodes,
  until,
  uploads,
} from './watch-pool';
import type { Workspace } from './workspace';

export interface Pipeline {
  readonly options: QuickstartOptions;
  readonly workspace: Workspace;
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly progress: Progress;
  readonly clock: Clock;
}

/** Far above what a slow machine without KVM takes: who waits longer waits for ever. */
const BUILD_MINUTES = 45;
const UPLOAD_MINUTES = 10;
const BOOT_MINUTES = 20;
const REQUEST_MINUTES = 20;

/** Follows the image from its build to the cloud, and the nodes that boot from it. */
export async function untilPoolIsReady(it: Pipeline, signal: AbortSignal): Promise<void> {
  const { store, progress, workspace, options } = it;
  const images = store.images.view();
  await progress.stage(
    'build the image',
    async () => {
      const following = new AbortController();
      const both = AbortSignal.any([signal, following.signal]);
      const show = (line: string) => progress.detail(line);
      const followed = followBuildLog(workspace.buildLogs, IMAGE, show, it.clock, both);
      try {
        const look = () => readyBuild(store, (build) => whereToRead(it, build.key.build));
        return await bounded(it, BUILD_MINUTES, 'builder', signal, (limited) => until(images, look, limited));
      } finally {
        following.abort();
        await followed;
      }
    },
    (build) => `build ${build.key.build} (${build.record?.formats.join(', ')})`,
  );
  await progress.stage(
    'upload it',
    () => {
      const look = () => {
        const states = uploads(store).map((upload) => upload.record?.state ?? 'broken');
        progress.detail(states.join(', '));
        return readyUpload(store, () => logEnd(it, 'builder'));
      };
      return bounded(it, UPLOAD_MINUTES, 'builder', signal, (limited) => until(images, look, limited));
    },
    (upload) => `${upload.key.provider}: ${upload.record?.externalId}`,
  );
  const nodes = store.nodes.view();
  await progress.stage(
    `boot ${options.minReady} spare node(s)`,
    () => {
      const look = () => {
        progress.detail(nodeSummary(store));
        const spare = spareNodes(store);
        return spare.length >= options.minReady ? spare : undefined;
      };
      const failure = () => checkLaunches(store, () => logEnd(it, 'launcher'));
      return bounded(it, BOOT_MINUTES, 'launcher', signal, (limited) =>
        Promise.race([until(nodes, look, limited), until(store.requests.view(), failure, limited)]),
      );
    },
    (spare) => spare.map((node) => node.id).join(', '),
  );
}

/** Asks for a node as a scheduler would, takes it, and logs in once. Prints the command that logs in. */
export async function takeNode(it: Pipeline, signal: AbortSignal): Promise<NodeSet> {
  const { progress, scheduler } = it;
  const nodeSet = await progress.stage(
    'request a node',
    async () => {
      const request = await scheduler.submit({
        labels: [LABEL],
        tenantName: 'quickstart',
        requestorData: { job_name: 'quickstart' },
      });
      progress.detail(`request ${request.id}`);
      const outcome = await bounded(it, REQUEST_MINUTES, 'launcher', signal, (limited) =>
        scheduler.await(request, limited),
      );
      if (outcome.state !== 'fulfilled') {
        throw new StageFailedError(`request ${request.id} ended ${outcome.state}; ${logEnd(it, 'launcher')}`);
      }
      return scheduler.accept(request, signal);
    },
    (set) => `node ${set.nodes.map((node) => node.id).join(', ')}`,
  );
  await nodeSet.use({ project_name: 'quickstart' });
  const [node] = nodeSet.nodes;
  if (it.options.simulated) {
    progress.say(`    a simulated node: ${node!.record.interfaceIp}, label ${node!.record.type.join(', ')}`);
    return nodeSet;
  }
  const ssh = await sshCommand(node!.record, it.workspace);
  progress.say(`\n    ${ssh.join(' ')}\n`);
  const uname = await progress.stage('log in', () =>
    runOnNode(ssh, 'uname -a', signal).catch((error: { readonly stderr?: string; readonly message?: string }) => {
      if (signal.aborted) throw signal.reason as Error;
      const console = join(it.workspace.machines, 'machines', `np${node!.id}`, 'console.log');
      const why = error.stderr?.trim() || error.message;
      throw new StageFailedError(`cannot log in: ${why}\nthe node's console ends:\n${fileTail(console, 15)}`);
    }),
  );
  progress.say(`    ${uname}`);
  return nodeSet;
}

/** Gives the node back and waits until the launcher has deleted it. */
export async function returnNode(it: Pipeline, nodeSet: NodeSet, signal: AbortSignal): Promise<void> {
  await it.progress.stage('release it', async () => {
    const ids = nodeSet.nodes.map((node) => node.id);
    await nodeSet.markUsed();
    await nodeSet.release();
    const nodes = it.store.nodes.view();
    await until(
      nodes,
      () => {
        it.progress.detail(nodeSummary(it.store));
        return ids.every((id) => !nodes.nodes.has(id)) ? true : undefined;
      },
      signal,
    );
  });
}

/** Runs a part of the pipeline that must not take for ever; its error then says which log to read. */
async function bounded<T>(
  it: Pipeline,
  minutes: number,
  daemon: 'builder' | 'launcher',
  signal: AbortSignal,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = deadline(minutes * 60_000, 'the stage', it.clock);
  try {
    return await work(AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    if (!limit.signal.aborted || signal.aborted) throw error;
    throw new StageFailedError(`gave up after ${minutes} minutes; ${logEnd(it, daemon)}`, { cause: error });
  } finally {
    limit.cancel();
  }
}

function logEnd(it: Pipeline, daemon: 'builder' | 'launcher'): string {
  const log = join(it.workspace.logs, `${daemon}.log`);
  return `read ${log}, which ends:\n${fileTail(log, 15)}`;
}

function whereToRead(it: Pipeline, build: string): string {
  const log = join(it.workspace.buildLogs, `${IMAGE}-${build}.log`);
  return `read ${log}, which ends:\n${fileTail(log, 15)}`;
}
