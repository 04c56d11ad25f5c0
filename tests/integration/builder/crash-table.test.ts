import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processesOf } from '../../../src/builder/leftovers';
import type { BuildEntry, ImageEntry, UploadEntry } from '../../../src/store/api';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { openStore } from '../../../src/store/store';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { type BuilderChild, BuilderFarm, fakeProvider } from '../../support/builder-farm';

type Images = ReadonlyMap<string, ImageEntry>;
const builds = (images: Images): readonly BuildEntry[] => [...(images.get('deb')?.builds.values() ?? [])];
const uploads = (images: Images, provider = 'east'): readonly UploadEntry[] =>
  builds(images).flatMap((it) => [...(it.providers.get(provider)?.uploads.values() ?? [])]);
const inState = (state: string) => (images: Images) => builds(images).find((it) => it.record?.state === state);
const uploadIn = (state: string) => (images: Images) => uploads(images).find((it) => it.record?.state === state);

/** Every row of the crash table (builder.md 15) that a process can be killed in. */
describe('a builder that dies', () => {
  let server: PrivateServer;
  let farm: BuilderFarm;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    farm = await BuilderFarm.open(server);
  });
  afterEach(() => farm.close());

  const pauseFile = (builder: string) => join(farm.imagesDir(builder), 'fake-image-create.pause');
  /** Starts a builder whose image tool waits, and returns when it does. */
  const startBuilding = async (
    name: string,
  ): Promise<{ readonly builder: BuilderChild; readonly build: BuildEntry }> => {
    await farm.configure(name);
    await writeFile(pauseFile(name), '');
    const builder = await farm.start(name, {});
    const build = await farm.until(inState('building'));
    await farm.logged(name, build.key, 'element two');
    return { builder, build };
  };
  const gone = (build: string) => farm.until((images) => builds(images).every((it) => it.key.build !== build));
  const tempDir = async (name: string, build: string) => {
    const id = await readFile(join(farm.imagesDir(name), 'builder_id.txt'), 'utf8');
    return join(farm.imagesDir(name), `.nodepool-${id}`, `deb-${build}`);
  };

  test('holding the build lock, before the record exists: any other builds', async () => {
    const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
    const zk = await openZooKeeper({ hosts: `${server.hosts}${farm.chroot}` }, tools);
    const store = openStore(zk, tools);
    const claim = await store.images.claimImage('deb', new AbortController().signal);
    expect(claim).toBeDefined();
    const builder = await farm.start();
    await builder.says(/builder runs/);
    await store.close();
    await zk.close(); // the session ends, as it would after its time
    await farm.until(inState('ready'));
  });

  test('during the tool run: its children die with it, another builder removes the record and builds', async () => {
    const { builder, build } = await startBuilding('one');
    const dir = await tempDir('one', build.key.build);
    expect((await processesOf(dir)).length).toBeGreaterThan(0);
    await builder.kill();
    await farm.start('two', {});
    await gone(build.key.build);
    await farm.until(uploadIn('ready'));
    expect(await processesOf(dir)).toEqual([]);
    expect(await farm.files('two')).not.toEqual([]);

    const again = await farm.start('one');
    await again.says(/cleared what an interrupted build left/);
    await expect(farm.files('one')).resolves.toEqual([]);
  });

  test('after READY, before uploads: its owner goes on after a restart', async () => {
    const builder = await farm.start('one', {}, ['--upload-workers', '0']);
    const build = await farm.until(inState('ready'));
    await builder.kill();
    await farm.start('one');
    const upload = await farm.until(uploadIn('ready'));
    expect(upload.key.build).toBe(build.key.build);
  });

  test('during the transfer: the record goes, and the build is uploaded again', async () => {
    farm.cloud.cloud.injectFault('east', { operation: 'upload-image', effect: 'hang', times: 1 });
    const builder = await farm.start('one', {});
    await farm.asked('upload-image');
    const first = await farm.until(uploadIn('uploading'));
    await builder.kill();
    await farm.start('one');
    const second = await farm.until(uploadIn('ready'));
    expect(second.key.build).toBe(first.key.build);
    expect(Number(second.key.upload)).toBeGreaterThan(Number(first.key.upload));
    await farm.until((images) => uploads(images).length === 1);
    // What is left in the cloud carries ids that no record has: that is how it is found.
    const left = farm.cloudImages('east').filter((it) => it.metadata['nodepool_upload_id'] === first.key.upload);
    expect(left).toHaveLength(1);
  });

  test('during the hook: the upload does not count, and is made again', async () => {
    const hook = join(farm.folder, 'hook');
    await writeFile(hook, `#!/bin/sh\n[ -e "${farm.folder}/go" ] || exec sleep 600\n`, { mode: 0o755 });
    const providers = fakeProvider('east', ['deb'], [`post-upload-hook: ${hook}`]);
    const builder = await farm.start('one', { providers });
    const first = await farm.until(uploadIn('uploading'));
    await farm.asked('show-image'); // the image is complete there before the hook runs
    await builder.kill();
    await writeFile(join(farm.folder, 'go'), '');
    await farm.start('one');
    const second = await farm.until(uploadIn('ready'));
    expect(second.key.upload).not.toBe(first.key.upload);
    await farm.until((images) => uploads(images).length === 1);
  });

  test('while the cloud deletes: whoever is there asks again, and the records go', async () => {
    const builder = await farm.start('one', {});
    const upload = await farm.until(uploadIn('ready'));
    farm.cloud.cloud.injectFault('east', { operation: 'delete-image', effect: 'hang', times: 1 });
    await farm.store.images.markBuildDeleting(upload.key);
    await farm.asked('delete-image');
    await builder.kill();
    await farm.start('two', {});
    await gone(upload.key.build);
    expect(farm.cloudImages('east').some((it) => it.id === upload.record!.externalId)).toBe(false);
  });

  test('after the record is gone, before the files: its owner removes them', async () => {
    await farm.configure('one');
    const left = 'deb-0123456789abcdef0123456789abcdef';
    for (const more of ['.qcow2', '.qcow2.md5', '.raw-new'])
      await writeFile(join(farm.imagesDir('one'), left + more), 'x');
    const builder = await farm.start('one', {});
    await builder.says(/files: delete-files.*removed=3/);
    await farm.until(uploadIn('ready'));
    expect((await farm.files('one')).some((it) => it.startsWith(left))).toBe(false);
  });

  test('frozen for longer than its session: others take over, and it writes nothing when it comes back', async () => {
    const { builder, build } = await startBuilding('one');
    builder.signal('SIGSTOP');
    const second = await farm.start('two', {});
    await gone(build.key.build);
    const upload = await farm.until(uploadIn('ready'));
    await rm(pauseFile('one'));
    const said = builder.lines.length;
    builder.signal('SIGCONT');
    await builder.says(/image build failed.*cause=session-lost/, said);
    expect(farm.builds().get(build.key.build)).toBeUndefined();
    const now = await farm.store.images.getBuild(upload.key);
    expect(now).toMatchObject({ version: 1, record: { state: 'ready' } });
    expect(await farm.files('one')).toEqual([]);
    expect(await processesOf(await tempDir('one', build.key.build))).toEqual([]);
    second.signal('SIGTERM');
    expect(await second.ended()).toBe(0);
  });
});
