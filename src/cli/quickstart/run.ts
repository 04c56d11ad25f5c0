import { join } from 'node:path';
import { deadline, DeadlineError } from '../../runtime/deadline';
import { silentLogger } from '../../runtime/log';
import type { ProgramIo } from '../../runtime/program';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { Scope } from '../../runtime/scope';
import { connectScheduler } from '../../scheduler/scheduler';
import { openZooKeeper } from '../../store/open-zookeeper';
import { openStore } from '../../store/store';
import type { ZooKeeper } from '../../zk/client';
import { freePorts } from '../../zk/server/free-ports';
import { Daemon } from './daemon';
import { leftoversOf } from './leftovers';
import type { QuickstartOptions } from './options';
import { type Pipeline, returnNode, takeNode, untilPoolIsReady } from './pipeline';
import { poolConfig } from './pool-config';
import { meetingPlace } from './private-or-given';
import { Progress } from './progress';
import { destroyInstances, drainPool, removeTree } from './take-down';
import {
  type Workspace,
  cacheIsWarm,
  giveToCaller,
  makeSshKey,
  makeWorkspace,
  removeWorkspace,
  writeConfig,
} from './workspace';
import { StageFailedError } from './watch-pool';

/**
 * The main job, end to end: a ZooKeeper, a builder and a launcher as processes of their own, a real image, real machines, one
 * request. Whatever happens, everything it started is taken down again; what could not be is named in the error.
 */
export async function runQuickstart(options: QuickstartOptions, io: ProgramIo): Promise<void> {
  const clock = systemClock;
  const tools = { clock, random: systemRandom, log: silentLogger, env: io.env };
  const progress = new Progress(io.stdout, clock);
  const workspace = await makeWorkspace(io.env);
  const folder = workspace.folder;
  let failed = true;
  try {
    await using scope = new Scope();
    progress.say(`everything of this run lies in ${folder}`);
    if (!options.simulated) await makeSshKey(workspace);
    const { meeting, zk } = await progress.stage(
      'ZooKeeper',
      async () => {
        const place = await meetingPlace(options.zookeeper, folder.split('/').at(-1)!, scope, clock);
        return { meeting: place, zk: await connect(place.hosts, scope, tools, io.stop.drain) };
      },
      (it) => it.meeting.hosts,
    );
    const [page, logs] = await freePorts(2, systemRandom);
    const pool = {
      webPorts: [page!, logs!] as const,
      zookeeper: meeting.hosts,
      simulated: options.simulated,
      minReady: options.minReady,
      offline: await cacheIsWarm(workspace, clock),
    };
    const serve = (serving: boolean) =>
      writeConfig(workspace, poolConfig(workspace, options.home, { ...pool, serving }));
    await serve(true);
    await giveToCaller(io.env, workspace.configFile);
    if (!meeting.private) {
      await checkEmpty(zk, meeting.hosts);
      scope.defer(() => removeTree(zk));
    }
    const store = scope.own(openStore(zk, tools), (it) => it.close());
    const scheduler = scope.own(connectScheduler(store, { name: 'quickstart' }, tools), (it) => it.close());
    const env = daemonEnvironment(io.env);
    const place = { options, workspace, env, scope, progress };
    // Opened in this order, closed in the opposite one: daemons, then what they left running, then the cloud.
    const cloud = options.simulated ? [startCloud(place)] : [];
    scope.defer(() =>
      within(60_000, 'destroying machines', (late) => destroyInstances(workspace, { ...tools, env }, late)),
    );
    const daemons = [...cloud, ...startDaemons(place)];
    const trouble = AbortSignal.any([io.stop.drain, ...daemons.map((it) => it.died)]);
    const pipeline: Pipeline = { options, workspace, store, scheduler, progress, clock };
    await untilPoolIsReady(pipeline, trouble);
    const nodeSet = await takeNode(pipeline, trouble);
    if (!options.simulated) await giveToCaller(io.env, workspace.sshKey, workspace.knownHosts);
    if (!options.once) await untilInterrupted(place, `http://127.0.0.1:${page}/`, trouble, io.stop.drain);
    await within(180_000, 'taking the pool down', async (late) => {
      const ending = AbortSignal.any([io.stop.now, late, ...daemons.map((it) => it.died)]);
      await returnNode(pipeline, nodeSet, ending);
      await serve(false);
      await progress.stage('take the pool down', () => drainPool(store, progress, ending));
    });
    failed = false;
  } finally {
    await checkNothingLeft(workspace, failed && !io.stop.drain.aborted);
  }
}

async function connect(
  hosts: string,
  scope: Scope,
  tools: Parameters<typeof openZooKeeper>[1],
  stop: AbortSignal,
): Promise<ZooKeeper> {
  try {
    const opening = openZooKeeper({ hosts, tls: undefined, timeoutSeconds: 10 }, tools);
    const zk = scope.own(await opening, (it) => it.close());
    await within(CONNECT_MS, 'connecting', (late) => zk.connected(AbortSignal.any([stop, late])));
    return zk;
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    const message = `no ZooKeeper answers at ${hosts} within ${CONNECT_MS / 1000} s: does it run, and is this its client port?`;
    throw new StageFailedError(message, { cause: error });
  }
}

/** What was there before is not ours to work in, let alone to take down. */
async function checkEmpty(zk: ZooKeeper, hosts: string): Promise<void> {
  const { children } = await zk.children('/');
  if (children.length === 0) return;
  throw new StageFailedError(
    `there is something at ${hosts} already (${children.join(', ')}); name another chroot, or none: the run then has its own`,
  );
}

const CONNECT_MS = 15_000;

async function within<T>(ms: number, what: string, work: (late: AbortSignal) => Promise<T>): Promise<T> {
  const limit = deadline(ms, what, systemClock);
  try {
    return await work(limit.signal);
  } finally {
    limit.cancel();
  }
}

async function checkNothingLeft(workspace: Workspace, keepLogs: boolean): Promise<void> {
  const left = await leftoversOf(workspace.folder);
  if (left.length > 0) throw new StageFailedError(`left behind, please look:\n  ${left.join('\n  ')}`);
  await removeWorkspace(workspace, keepLogs);
}

/** What the daemons need and nothing else: the image tool gets the builder's environment. */
function daemonEnvironment(env: ProgramIo['env']): Record<string, string | undefined> {
  const { TMPDIR: _unset, NODEPOOL_FAKE_CLOUD: _other, ...rest } = env;
  return rest;
}

interface Place {
  readonly options: QuickstartOptions;
  readonly workspace: Workspace;
  readonly env: Record<string, string | undefined>;
  readonly scope: Scope;
  readonly progress: Progress;
}

function startCloud(place: Place): Daemon {
  const { cloud } = place.workspace;
  return startDaemon(place, 'cloud', 'nodepool-fake-cloud', ['--state-dir', cloud, '--idle-seconds', '0']);
}

function startDaemons(place: Place): Daemon[] {
  const common = ['-f', '-c', place.workspace.configFile];
  return [
    startDaemon(place, 'builder', 'nodepool-builder', common),
    startDaemon(place, 'launcher', 'nodepool-launcher', common),
  ];
}

function startDaemon(place: Place, name: string, program: string, args: readonly string[]): Daemon {
  const logFile = join(place.workspace.logs, `${name}.log`);
  const spec = { name, program: join(place.options.home, 'bin', program), args, env: place.env, logFile };
  const daemon = place.scope.own(new Daemon(spec), (it) => it.stop(systemClock, 30_000));
  place.progress.say(`ok  ${name.padEnd(26)} pid ${daemon.pid}, log ${logFile}`);
  return daemon;
}

async function untilInterrupted(place: Place, page: string, trouble: AbortSignal, drain: AbortSignal): Promise<void> {
  const { options, workspace, progress } = place;
  progress.say(`The pool keeps running until Ctrl-C. In a browser: ${page}   In another terminal:`);
  for (const command of ['list', 'request tiny --wait', 'image-build tiny --wait', 'image-log tiny', 'top']) {
    progress.say(`    ${join(options.home, 'bin', 'nodepool')} -c ${workspace.configFile} ${command}`);
  }
  await new Promise<void>((resolve, reject) => {
    const end = () => (drain.aborted ? resolve() : reject(trouble.reason as Error));
    if (trouble.aborted) end();
    else trouble.addEventListener('abort', end, { once: true });
  });
}
