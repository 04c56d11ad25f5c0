import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main as builder } from '../../../src/builder/command';
import { main as launcher } from '../../../src/launcher/command';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { Scope } from '../../../src/runtime/scope';
import { connectScheduler } from '../../../src/scheduler/scheduler';
import type { ImageEntry, Store } from '../../../src/store/api';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { isZkError } from '../../../src/zk/errors';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { FAKE_TOOL } from '../../support/builder-farm';
import { startTestCloud } from '../../support/fake-cloud';
import { treeNames } from '../../support/fixture-tree';
import { pythonComplaints, type SeenZnode } from '../../support/python-reader';
import { loadTree } from '../cli/load-tree';
import { nodepool } from '../cli/run-cli';
import { until } from '../launcher/fleet';
import { RunningProgram } from '../metrics/running-program';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const never = new AbortController().signal;
const PROVIDERS = ['fake-east', 'fake-west'];

/** The configuration of the recording (README of the trees), with images that the cloud has already for the nodes. */
const configText = (server: string, chroot: string, folder: string) => {
  const [host, port] = server.split(':');
  return `
zookeeper-servers: [{host: ${host}, port: ${port}, chroot: ${chroot}}]
webapp: {port: 0, listen_address: 127.0.0.1}
images-dir: ${folder}/images
build-log-dir: ${folder}/logs
labels: [{name: small, min-ready: 1}, {name: big}, {name: broken}, {name: overq}]
diskimages: [{name: deb, dib-cmd: ${FAKE_TOOL}, elements: [one]}]
providers:
${PROVIDERS.map(
  (name) => `
  - name: ${name}
    driver: fake
    cloud: fake
    rate: 0.001
    diskimages: [{name: deb}]
    cloud-images: [{name: precise, image-name: Fake Precise, username: admin}]
    pools:
      - name: main
        priority: ${name === 'fake-west' ? 50 : 100}
        max-servers: 5
        node-attributes: {speed: fast}
        labels: [${(name === 'fake-west' ? ['small'] : ['small', 'big', 'broken', 'overq'])
          .map((label) => `{name: ${label}, cloud-image: precise, min-ram: 1024}`)
          .join(', ')}]`,
).join('')}
`;
};

describe('a fleet of Python comes over and could go back', () => {
  let server: PrivateServer;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tickMs: 500 });
  });
  afterAll(() => server.stop());

  test.each(inGroups(treeNames(), 6))('from the moments %s', async (_title, names) => {
    const outcomes = await Promise.allSettled(names.map(comeOverAndBack));
    const failed = outcomes.flatMap((it, at) => (it.status === 'rejected' ? [[names[at], String(it.reason)]] : []));
    expect(failed).toEqual([]);
  });

  async function comeOverAndBack(name: string): Promise<void> {
    await using scope = new Scope();
    const folder = await mkdtemp(join(tmpdir(), 'nodepool-migration-'));
    scope.defer(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'images'));
    await mkdir(join(folder, 'logs'));
    const cloud = scope.own(await startTestCloud(), (it) => it.close());
    const chroot = `/${name}-${systemRandom.hex(4)}`;
    const open = async (hosts: string) => {
      const zk = scope.own(await openZooKeeper({ hosts }, tools), (it) => it.close());
      await zk.connected();
      return zk;
    };
    const [outside, python] = [await open(server.hosts), await open(server.hosts)];
    await loadTree(python, name, chroot);
    const zk = await open(`${server.hosts}${chroot}`);
    const store = scope.own(openStore(zk, tools), (it) => it.close());
    const recorded = await wholeTree(zk);
    const config = join(folder, 'nodepool.yaml');
    await writeFile(config, configText(server.hosts, chroot, folder));
    const command = async (...args: string[]) => {
      const { status, stderr } = await nodepool(['-c', config, ...args]);
      expect([args, status, stderr]).toEqual([args, 0, '']);
    };

    // Side by side: ours work, and what is Python's stays as it is.
    const programs = [
      new RunningProgram(launcher, ['-f', '-c', config], cloud.env),
      new RunningProgram(builder, ['-f', '-c', config], cloud.env),
    ];
    scope.defer(async () => void (await Promise.allSettled(programs.map((it) => it.drain()))));
    await programs[0]!.says(/launcher is ready/);
    await programs[1]!.says(/builder runs/);
    const scheduler = scope.own(connectScheduler(store, { name: 'zuul' }, tools), (it) => it.close());
    const request = await scheduler.submit({ labels: ['small'], tenantName: 'acme' });
    expect(await scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' });
    expect(changedOfPython(recorded, await wholeTree(zk))).toEqual([]);
    expect(pythonComplaints(await wholeTree(zk))).toEqual([]);

    // Over: Python's programs are stopped; what was under way is finished or begun anew.
    await python.close();
    if (recorded.some((it) => it.path.endsWith('/deb/pause'))) await command('image-unpause', 'deb');
    await command('image-build', 'deb');
    const set = await scheduler.accept(request, never);
    await set.use();
    await untilSettled(store);
    expect(pythonComplaints(await wholeTree(zk))).toEqual([]);
    await set.markUsed();
    await set.release();
    await untilSettled(store);

    // Back: ours are stopped. Nothing of theirs is left that is not Python's own.
    expect(await Promise.all(programs.map((it) => it.drain()))).toEqual([0, 0]);
    await store.close();
    const left = await wholeTree(outside, chroot);
    expect(left.filter((it) => it.ephemeral).map((it) => it.path)).toEqual([]);
    expect(pythonComplaints(left)).toEqual([]);
    const strange = left.filter(({ path }) => ![...PYTHONS, ...OURS].includes(path.split('/')[2] ?? 'nodes'));
    expect(strange.map((it) => it.path)).toEqual([]);
    const words = programs.flatMap((it) => it.lines.filter((line) => / ERROR /.test(line)));
    expect(words).toEqual([]);
  }
});

test("a builder that takes over a Python builder's folder goes on with its files, under its identity", async () => {
  await using scope = new Scope();
  const server = scope.own(await startZooKeeper({ clock: systemClock, fsync: false }), (it) => it.stop());
  const folder = await mkdtemp(join(tmpdir(), 'nodepool-migration-'));
  scope.defer(() => rm(folder, { recursive: true }));
  const cloud = scope.own(await startTestCloud(), (it) => it.close());
  const zk = scope.own(await openZooKeeper({ hosts: server.hosts }, tools), (it) => it.close());
  await zk.connected();
  await loadTree(zk, '02-image-built-not-uploaded', '/tree');
  const inside = scope.own(await openZooKeeper({ hosts: `${server.hosts}/tree` }, tools), (it) => it.close());
  const store = scope.own(openStore(inside, tools), (it) => it.close());
  const images = store.images.view();
  await images.ready();
  const [id, build] = [...images.images.get('deb')!.builds][0]!;
  for (const it of ['images', 'logs']) await mkdir(join(folder, it));
  await writeFile(join(folder, 'images', 'builder_id.txt'), build.record!.builderId!);
  const files = ['qcow2', 'raw'].flatMap((format) => [format, `${format}.md5`, `${format}.sha256`]);
  for (const it of files) await writeFile(join(folder, 'images', `deb-${id}.${it}`), '0123456789abcdef');
  const config = join(folder, 'nodepool.yaml');
  const text = configText(server.hosts, '/tree', folder).replace('{name: deb,', '{name: deb, rebuild-age: 2000000000,');
  await writeFile(config, text);
  const running = new RunningProgram(builder, ['-f', '-c', config], cloud.env);
  scope.defer(async () => void (await running.drain()));
  await until(images, () =>
    PROVIDERS.every((provider) =>
      [...(images.images.get('deb')?.builds.get(id)?.providers.get(provider)?.uploads.values() ?? [])].some(
        (it) => it.record?.state === 'ready',
      ),
    ),
  );
  expect([...images.images.get('deb')!.builds.keys()]).toEqual([id]);
  await running.says(new RegExp(`builder runs builder_id=${build.record!.builderId}`));
  const kept = await readdir(join(folder, 'images'));
  expect(kept.filter((it) => it.startsWith('deb')).sort()).toEqual(files.map((it) => `deb-${id}.${it}`).sort());
});

/** They wait for the clouds more than they compute. */
function inGroups(names: readonly string[], size: number): [string, readonly string[]][] {
  const starts = names.flatMap((_, at) => (at % size === 0 ? [at] : []));
  return starts.map((at) => names.slice(at, at + size)).map((group) => [group.join(', '), group]);
}

const PYTHONS = ['components', 'elections', 'images', 'nodes', 'requests', 'requests-lock'];
/** docs/tree-additions.md: Python never looks there. */
const OURS = ['drain', 'explain', 'image-history', 'image-progress', 'image-waits', 'jobs', 'quota'];

/** Everything below `root`, with paths as Python would see them. */
async function wholeTree(zk: ZooKeeper, root = ''): Promise<readonly (SeenZnode & { readonly version: number })[]> {
  const found: (SeenZnode & { readonly version: number })[] = [];
  const visit = async (path: string): Promise<void> => {
    try {
      const { data, stat } = await zk.get(`${root}${path}`);
      found.push({ path, data: data.toString(), ephemeral: stat.ephemeralOwner !== 0n, version: stat.version });
      const { children } = await zk.children(`${root}${path}`);
      await Promise.all(children.map((it) => visit(`${path}/${it}`)));
    } catch (error) {
      if (!isZkError(error, 'NO_NODE')) throw error; // gone meanwhile
    }
  };
  await visit('/nodepool');
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Python's own znodes and the records under its locks that are not what they were. */
function changedOfPython(before: readonly SeenZnode[], after: readonly SeenZnode[]): string[] {
  const locked = before.flatMap(({ path, ephemeral }) =>
    ephemeral && path.includes('/nodes/') ? [path.slice(0, path.indexOf('/lock/'))] : [],
  );
  const now = new Map(after.map((it) => [it.path, it.data]));
  return before
    .filter((it) => it.ephemeral || locked.includes(it.path))
    .filter((it) => now.get(it.path) !== it.data)
    .map((it) => it.path);
}

/** Requests are final, nodes at rest, and every image is built and uploaded. */
async function untilSettled(store: Store): Promise<void> {
  const [nodes, requests, images] = [store.nodes.view(), store.requests.view(), store.images.view()];
  const areNodes = () =>
    [...nodes.nodes.values()].every((it) => ['ready', 'hold', 'in-use'].includes(it.record?.state ?? ''));
  const areRequests = () =>
    [...requests.requests.values()].every((it) => ['fulfilled', 'failed'].includes(it.record?.state ?? ''));
  const areImages = () =>
    [...images.images].every(([name, it]) => (name === 'deb' ? isDone(it) : it.builds.size === 0));
  const all = () => areNodes() && areRequests() && areImages();
  await Promise.all([nodes, requests, images].map((it) => it.ready()));
  await Promise.race([nodes, requests, images].map((it) => until(it, all)));
}

function isDone({ builds, buildRequestedAt }: ImageEntry): boolean {
  const records = [...builds.values()];
  const uploads = records.flatMap((it) => [...it.providers.values()].flatMap((one) => [...one.uploads.values()]));
  const newest = records.find((it) =>
    PROVIDERS.every((provider) => (it.providers.get(provider)?.uploads.size ?? 0) > 0),
  );
  return (
    buildRequestedAt === undefined &&
    newest !== undefined &&
    records.every((it) => it.record?.state === 'ready') &&
    uploads.every((it) => ['ready', 'failed'].includes(it.record?.state ?? '')) // failures are shown for a minute
  );
}
