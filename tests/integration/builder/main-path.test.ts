import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import type { BuildEntry } from '../../../src/store/api';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, FAKE_TOOL, fakeProvider } from '../../support/builder-farm';

describe('a builder', () => {
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

  const readyUpload = (provider: string) =>
    farm.until((images) =>
      [...(images.get('deb')?.builds.values() ?? [])]
        .flatMap((it) => [...(it.providers.get(provider)?.uploads.values() ?? [])])
        .find((it) => it.record?.state === 'ready'),
    );

  test('an image is built, uploaded with its ids and checksums, rebuilt on request, and retired', async () => {
    const builder = await farm.start('one', {
      providers: fakeProvider('east', ['deb'], ['post-upload-hook: /bin/true']),
    });
    const upload = await readyUpload('east');
    const { build } = upload.key;
    expect(upload.record).toMatchObject({
      format: 'qcow2',
      username: 'zuul',
      externalName: expect.stringMatching(/^deb-\d+$/),
    });
    const [cloud] = farm.cloudImages('east');
    expect(cloud).toMatchObject({
      id: upload.record!.externalId,
      status: 'active',
      metadata: { nodepool_build_id: build, nodepool_upload_id: upload.key.upload, nodepool_provider_name: 'east' },
    });
    expect(await farm.files('one')).toEqual(['', '.d', '.md5', '.sha256'].map((it) => file(build, it)).sort());
    const log = await readFile(join(farm.logDir('one'), `deb-${build}.log`), 'utf8');
    expect(log).toContain('element two');
    expect(log.endsWith('Exit code: 0\n')).toBe(true);
    const record = (await farm.store.images.getBuild(upload.key))!.record;
    expect(record).toMatchObject({ state: 'ready', formats: ['qcow2'], username: 'zuul', pythonPath: 'auto' });
    expect(record.builderId).toBe(await readFile(join(farm.imagesDir('one'), 'builder_id.txt'), 'utf8'));

    for (const size of [2, 2]) {
      const before = new Set(farm.builds().keys());
      await farm.store.images.requestBuild('deb');
      await farm.until((images) => {
        const { builds, buildRequestedAt } = images.get('deb')!;
        const uploaded = (it: BuildEntry) =>
          it.record?.state === 'ready' && it.providers.get('east')?.uploads.size === 1;
        const isNew = [...builds.values()].some((it) => !before.has(it.key.build) && uploaded(it));
        return isNew && buildRequestedAt === undefined && builds.size === size;
      });
    }
    await builder.says(/files: delete-files/);
    const kept = [...farm.builds().keys()];
    expect(kept).toHaveLength(2);
    expect(kept).not.toContain(build);
    expect(new Set((await farm.files('one')).map((it) => it.slice(4, 36)))).toEqual(new Set(kept));
    builder.signal('SIGTERM');
    expect(await builder.ended()).toBe(0);
  });

  const file = (build: string, more: string) => (more === '.d' ? `deb-${build}.d` : `deb-${build}.qcow2${more}`);

  test('a failing image is shown with its reason, tried again later, and leaves no files', async () => {
    const diskImages = [
      '- name: deb',
      '  formats: [qcow2, raw]',
      `  dib-cmd: ${FAKE_TOOL}`,
      "  env-vars: {SHOULD_FAIL: 'true', TOKEN: hunter22}",
    ];
    const builder = await farm.start('one', { diskImages });
    const failed = await farm.until((images) =>
      [...(images.get('deb')?.builds.values() ?? [])].find((it) => it.record?.state === 'failed'),
    );
    await builder.says(/will try again.*cause=tool last="exit code 127: should fail"/);
    expect(failed.record).toMatchObject({ formats: [], username: 'zuul' });
    expect(failed.record!.unknown!['failure']!.value()).toMatchObject({ cause: 'tool', exitCode: 127 });
    expect(await farm.files('one')).toEqual([]);
    const summary = JSON.parse(
      await readFile(join(farm.logDir('one'), `deb-${failed.key.build}.json`), 'utf8'),
    ) as object;
    expect(summary).toMatchObject({ result: 'failed', cause: 'tool', exitCode: 127, reasons: ['missing'] });
    expect(builder.lines.join('\n')).not.toContain('hunter22');

    // Another configuration is tried at once.
    await farm.configure('one');
    await readyUpload('east');
  });

  test('a provider that lists the image no more is drained, and an image that is gone is retired with its files', async () => {
    const builder = await farm.start('one', { providers: [...fakeProvider('east'), ...fakeProvider('west')] });
    await Promise.all([readyUpload('east'), readyUpload('west')]);
    await farm.configure('one', {
      providers: [...fakeProvider('east'), '- name: west', '  driver: fake', '  cloud: fake', '  diskimages: []'],
    });
    await farm.until((images) =>
      [...images.get('deb')!.builds.values()].every((it) => (it.providers.get('west')?.uploads.size ?? 0) === 0),
    );
    expect(farm.cloudImages('west')).toEqual([]);
    expect(farm.cloudImages('east')).toHaveLength(1);
    await farm.configure('one', {
      diskImages: ['[]'],
      providers: ['- name: east', '  driver: fake', '  cloud: fake', '  diskimages: []'],
    });
    await farm.until((images) => images.get('deb')!.builds.size === 0);
    await builder.says(/files: delete-files/);
    expect(await farm.files('one')).toEqual([]);
    expect(farm.cloudImages('east')).toEqual([]);
  });
});
