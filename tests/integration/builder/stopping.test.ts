import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processesOf } from '../../../src/builder/leftovers';
import { systemClock } from '../../../src/runtime/clock';
import type { BuildEntry, ImageEntry, UploadEntry } from '../../../src/store/api';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, FAKE_TOOL, fakeProvider } from '../../support/builder-farm';
import { TcpProxy } from '../../support/tcp-proxy';

type Images = ReadonlyMap<string, ImageEntry>;
const builds = (images: Images, name = 'deb'): readonly BuildEntry[] => [...(images.get(name)?.builds.values() ?? [])];
const uploads = (images: Images, provider: string): readonly UploadEntry[] =>
  builds(images).flatMap((it) => [...(it.providers.get(provider)?.uploads.values() ?? [])]);

describe('what is in hand', () => {
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

  test('a build is cancelled by the first signal, recorded and cleared away; the request stays', async () => {
    await farm.configure('one');
    await writeFile(join(farm.imagesDir('one'), 'fake-image-create.pause'), '');
    const builder = await farm.start('one', {});
    const build = await farm.until((images) => builds(images).find((it) => it.record?.state === 'building'));
    await farm.store.images.requestBuild('deb');
    await builder.says(/building image/);
    builder.signal('SIGTERM');
    expect(await builder.ended()).toBe(0);
    const { record } = (await farm.store.images.getBuild(build.key))!;
    expect(record.state).toBe('failed');
    expect(record.unknown!['failure']!.value()).toMatchObject({ cause: 'cancelled' });
    expect(await farm.files('one')).toEqual([]);
    const now = (await farm.store.images.read()).get('deb')!;
    expect(now.buildRequestedAt).toBeDefined();
    expect(now.buildLocked).toBe(false);
  });

  describe('while ZooKeeper answers nothing', () => {
    let link: TcpProxy;
    beforeEach(async () => {
      const [host, port] = server.hosts.split(':') as [string, string];
      link = await TcpProxy.open({ host, port: Number(port) });
    });
    afterEach(() => link.close());

    test('the first signal ends the program in seconds: the tool is gone, nothing is written, others take over', async () => {
      await farm.configure('one');
      await writeFile(join(farm.imagesDir('one'), 'fake-image-create.pause'), '');
      const builder = await farm.start('one', { hosts: link.hosts });
      const build = await farm.until((images) => builds(images).find((it) => it.record?.state === 'building'));
      await farm.logged('one', build.key, 'element two');
      const id = await readFile(join(farm.imagesDir('one'), 'builder_id.txt'), 'utf8');
      const dir = join(farm.imagesDir('one'), `.nodepool-${id}`, `deb-${build.key.build}`);
      expect((await processesOf(dir)).length).toBeGreaterThan(0);
      link.silence(true);
      const asked = performance.now();
      builder.signal('SIGTERM');
      expect(await builder.ended()).toBe(0);
      expect(performance.now() - asked).toBeLessThan(45_000); // Python waits for the build
      expect(await processesOf(dir)).toEqual([]);
      expect(await farm.files('one')).toEqual([]);
      await farm.until((images) => images.get('deb')?.buildLocked === false); // when its session has ended
      expect((await farm.store.images.getBuild(build.key))!.record.state).toBe('building');
      await farm.start('two', {});
      await farm.until((images) => uploads(images, 'east').some((it) => it.record?.state === 'ready'));
      await farm.until((images) => images.get('deb')?.builds.has(build.key.build) === false);
    });

    test('one that does nothing ends as well, and so does one that never got an answer', async () => {
      const idle = await farm.start('one', { hosts: link.hosts });
      await farm.until((images) => uploads(images, 'east').some((it) => it.record?.state === 'ready'));
      await idle.says(/upload is ready/);
      link.silence(true);
      const mute = await farm.start('two', { hosts: link.hosts });
      await mute.says(/connecting to ZooKeeper/);
      const asked = performance.now();
      for (const it of [idle, mute]) it.signal('SIGTERM');
      expect(await Promise.all([idle.ended(), mute.ended()])).toEqual([0, 0]);
      expect(performance.now() - asked).toBeLessThan(45_000);
    });
  });

  test('the second signal waits for nothing', async () => {
    farm.cloud.cloud.injectFault('east', { operation: '*', effect: 'hang' });
    await farm.configure('one');
    await writeFile(join(farm.imagesDir('one'), 'fake-image-create.pause'), '');
    const builder = await farm.start('one', {});
    await builder.says(/building image/);
    builder.signal('SIGTERM');
    builder.signal('SIGINT');
    expect(await builder.ended()).toBe(0);
  });

  test('an upload is cancelled with its build, and by the first signal: no record, no image in the cloud', async () => {
    farm.cloud.cloud.injectFault('east', { operation: 'upload-image', effect: 'hang' });
    const builder = await farm.start('one', {});
    const first = await farm.until((images) => uploads(images, 'east')[0]);
    await farm.asked('upload-image');
    await farm.store.images.markBuildDeleting(first.key);
    await farm.until((images) => builds(images).every((it) => it.key.build !== first.key.build));
    await farm.until((images) => uploads(images, 'east').find((it) => it.key.build !== first.key.build));
    await farm.asked('upload-image', 2); // an image that the cloud is being asked for has no id yet to remove it by
    builder.signal('SIGTERM');
    expect(await builder.ended()).toBe(0);
    const now = await farm.store.images.read();
    expect(uploads(now, 'east')).toEqual([]);
    expect(farm.cloudImages('east')).toEqual([]);
  });

  test('a cloud that hangs holds up no other, and one that fails is tried again later', async () => {
    farm.cloud.cloud.injectFault('slow', { operation: '*', effect: 'hang' });
    farm.cloud.cloud.injectFault('bad', { operation: 'create-image', effect: 'error', status: 400 });
    const providers = ['slow', 'bad', 'east'].flatMap((it) => fakeProvider(it));
    const builder = await farm.start('one', { providers });
    await farm.until((images) => uploads(images, 'east').find((it) => it.record?.state === 'ready'));
    await farm.until((images) => uploads(images, 'bad').find((it) => it.record?.state === 'failed'));
    await builder.says(/will try again what=bad\/deb .*cause=provider/);
    await farm.until(
      (images) =>
        uploads(images, 'slow')
          .map((it) => it.record?.state)
          .join() === 'uploading',
    );
    await builder.kill();
  });

  test('a build that takes too long is killed, with its children', async () => {
    const tool = join(farm.folder, 'slow-tool');
    await writeFile(tool, '#!/bin/bash\nsleep 600 & sleep 600\n', { mode: 0o755 });
    const diskImages = ['- name: deb', '  formats: [qcow2]', `  dib-cmd: ${tool}`, '  build-timeout: 1'];
    const builder = await farm.start('one', { diskImages, providers: ['[]'] });
    await builder.says(/image build failed.*cause=timeout.*not done after 1 s/);
    expect(await farm.files('one')).toEqual([]);
  });

  test('a tool that says success without a file has failed', async () => {
    const diskImages = ['- name: deb', '  formats: [qcow2]', '  dib-cmd: /bin/true'];
    const builder = await farm.start('one', { diskImages, providers: ['[]'] });
    await builder.says(/image build failed.*cause=tool.*no file for qcow2/);
  });

  test('a tool that is not there has failed, and the builder lives', async () => {
    const diskImages = [
      '- name: deb',
      '  formats: [qcow2]',
      '  dib-cmd: /no/such/tool',
      '- name: other',
      '  formats: [raw]',
      `  dib-cmd: ${FAKE_TOOL}`,
    ];
    const builder = await farm.start('one', { diskImages, providers: ['[]'] });
    await builder.says(/image build failed.*cause=tool/);
    await farm.until((images) => builds(images, 'other').find((it) => it.record?.state === 'ready'));
    await builder.kill();
  });

  test('two builders share the work: every image is built once', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((it) => `deb-${it}`);
    const diskImages = names.flatMap((it) => [`- name: ${it}`, '  formats: [qcow2]', `  dib-cmd: ${FAKE_TOOL}`]);
    const config = { diskImages, providers: fakeProvider('east', names), sessionSeconds: 20 };
    await Promise.all([farm.start('one', config), farm.start('two', config)]);
    await farm.until((images) =>
      names.every((name) =>
        builds(images, name).some((it) =>
          [...(it.providers.get('east')?.uploads.values() ?? [])].some((up) => up.record?.state === 'ready'),
        ),
      ),
    );
    const all = [...farm.store.images.view().images.values()].map((it) => it.builds.size);
    expect(all).toEqual(names.map(() => 1));
    expect(farm.cloudImages('east')).toHaveLength(names.length);
  });
});
