import { join } from 'node:path';
import type { Clock } from '../../runtime/clock';
import type { Scheduler, NodeSet } from '../../scheduler/scheduler';
import type { Store } from '../../store/api';
import { fileTail } from './daemon';
import { followBuildLog } from './log-follower';
import { IMAGE, LABEL } from './pool-config';
import type { QuickstartOptions } from './options';
import type { Progress } from './progress';
import { runOnNode, sshCommand } from './ssh';
import { StageFailedError, nodeSummary, readyBuild, readyUpload, spareNodes, until, uploads } from './watch-pool';
import type { Workspace } from './workspace';

export interface Pipeline {
  readonly options: QuickstartOptions;
  readonly workspace: Workspace;
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly progress: Progress;
  readonly clock: Clock;
}

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
        return await until(images, () => readyBuild(store, (build) => whereToRead(it, build.key.build)), signal);
      } finally {
        following.abort();
        await followed;
      }
    },
    (build) => `build ${build.key.build} (${build.record?.formats.join(', ')})`,
  );
  await progress.stage(
    'upload it',
    () =>
      until(
        images,
        () => {
          const states = uploads(store).map((upload) => upload.record?.state ?? 'broken');
          progress.detail(states.join(', '));
          return readyUpload(store);
        },
        signal,
      ),
    (upload) => `${upload.key.provider}: ${upload.record?.externalId}`,
  );
  const nodes = store.nodes.view();
  await progress.stage(
    `boot ${options.minReady} spare node(s)`,
    () =>
      until(
        nodes,
        () => {
          progress.detail(nodeSummary(store));
          const spare = spareNodes(store);
          return spare.length >= options.minReady ? spare : undefined;
        },
        signal,
      ),
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
      const outcome = await scheduler.await(request, signal);
      if (outcome.state !== 'fulfilled') {
        throw new StageFailedError(
          `request ${request.id} ended ${outcome.state}; read ${it.workspace.logs}/launcher.log`,
        );
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
  const uname = await progress.stage('log in', () => runOnNode(ssh, 'uname -a', signal));
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

function whereToRead(it: Pipeline, build: string): string {
  const log = join(it.workspace.buildLogs, `${IMAGE}-${build}.log`);
  return `read ${log}, which ends:\n${fileTail(log, 15)}`;
}
