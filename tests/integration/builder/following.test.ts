import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { readWaits } from '../../../src/store/image-waits';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, FAKE_TOOL } from '../../support/builder-farm';
import { eventually } from '../../support/eventually';
import { ask } from '../../unit/web/fetch';
import { nodepool } from '../cli/run-cli';

const WEB = ['webapp: {builder_port: 0, listen_address: 127.0.0.1}'];

describe('builds, as others than their builder see them', () => {
  let server: PrivateServer;
  let farm: BuilderFarm;
  let file: string;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    farm = await BuilderFarm.open(server);
  });
  afterEach(() => farm.close());

  const cli = (...args: string[]) => nodepool(['-c', file, ...args]);
  const pauseFile = () => join(farm.imagesDir('one'), 'fake-image-create.pause');
  const readyUploads = () =>
    farm.until((images) =>
      [...(images.get('deb')?.builds.values() ?? [])].some((it) =>
        [...(it.providers.get('east')?.uploads.values() ?? [])].some((upload) => upload.record?.state === 'ready'),
      ),
    );

  test('a build is asked for and waited for, its log followed, and remembered when it is gone', async () => {
    file = await farm.configure('one', { more: WEB });
    await farm.start('one', { more: WEB });
    await readyUploads();
    const [first] = farm.builds().keys();

    await writeFile(pauseFile(), '');
    const waiting = cli('image-build', 'deb', '--wait');
    const build = await farm.until((images) =>
      [...images.get('deb')!.builds.values()].find((it) => it.key.build !== first && it.record?.state === 'building'),
    );
    await farm.logged('one', build.key, 'fake-image-create: ');
    const following = cli('image-log', '-f', 'deb');
    const soFar = await cli('image-log', build.key.build);
    expect(soFar).toMatchObject({ status: 0, stdout: expect.stringContaining('element two') as string });
    expect(soFar.stdout).not.toContain('*** done');
    await rm(pauseFile());

    const [waited, followed] = await Promise.all([waiting, following]);
    expect({ status: waited.status, stderr: waited.stderr }).toEqual({ status: 0, stderr: '' });
    expect(waited.stdout).toMatch(/\.\. +00:00:\d\d {2}building on \S+ {2}[0-9a-f]{32}\n/);
    expect(waited.stdout).toMatch(/ok +00:00:\d\d {2}building on \S+ {2}[0-9a-f]{32} qcow2\n/);
    expect(waited.stdout.trimEnd().split('\n').at(-1)).toMatch(/^ok +00:00:\d\d {2}uploading to east {2}deb-\d+$/);
    expect(followed).toMatchObject({ status: 0, stderr: '' });
    expect(followed.stdout).toContain('element two');
    expect(followed.stdout.endsWith('Exit code: 0\n')).toBe(true);

    await farm.store.images.markBuildDeleting(build.key);
    await farm.until((images) => !images.get('deb')!.builds.has(build.key.build));
    const { stdout } = await cli('image-history', 'deb', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject([
      {
        build_id: build.key.build,
        result: 'ready',
        reasons: ['requested'],
        bytes: { qcow2: expect.any(Number) as number },
      },
      { build_id: first, result: 'ready', reasons: ['missing'] },
    ]);
    expect((await cli('image-history', 'deb')).stdout).toMatch(/Because/);
  });

  test('a build that fails ends both with status 1 and its cause, and stays in the history', async () => {
    const diskImages = [
      '- name: deb',
      '  formats: [qcow2]',
      `  dib-cmd: ${FAKE_TOOL}`,
      "  env-vars: {SHOULD_FAIL: 'true'}",
    ];
    file = await farm.configure('one', { diskImages, more: WEB });
    await farm.start('one', { diskImages, more: WEB });
    await farm.until((images) =>
      [...(images.get('deb')?.builds.values() ?? [])].some((it) => it.record?.state === 'failed'),
    );
    const waited = await cli('image-build', 'deb', '--wait');
    expect(waited.status).toBe(1);
    expect(waited.stdout).toMatch(/!! .*building on \S+ {2}[0-9a-f]{32} tool: exit code 127: should fail\n$/);
    const followed = await cli('image-log', '-f', 'deb');
    expect(followed).toMatchObject({ status: 1, stdout: expect.stringContaining('should fail') as string });
    expect(followed.stderr).toMatch(/^build deb-[0-9a-f]{32}: failed\n$/);
    const { stdout } = await cli('image-history', 'deb', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject([
      { result: 'failed', reasons: ['requested', 'missing'], cause: 'tool', message: 'exit code 127: should fail' },
      { result: 'failed', reasons: ['missing'] },
    ]);
  });

  test('what failed is shown with the next try and the reason, from anywhere and by the builder', async () => {
    farm.cloud.cloud.injectFault('east', { operation: 'create-image', effect: 'error', status: 400 });
    const bad = ['- name: bad', '  formats: [qcow2]', '  dib-cmd: /bin/false'];
    const diskImages = ['- name: deb', '  formats: [qcow2]', `  dib-cmd: ${FAKE_TOOL}`, ...bad];
    file = await farm.configure('one', { diskImages, more: WEB });
    const builder = await farm.start('one', { diskImages, more: WEB });
    for (const it of [/will try again what=bad/, /will try again what=east.deb/]) await builder.says(it);
    const waits = async () =>
      (await readWaits({ clock: systemClock, random: systemRandom, log: silentLogger, zk: farm.zk })).flatMap(
        (it) => it.waits,
      );
    await eventually(async () => (await waits()).length === 2);
    const told = [...(await waits())].sort((a, b) => (a.image < b.image ? -1 : 1));
    expect(told.map((it) => [it.image, it.provider, it.cause])).toEqual([
      ['bad', null, 'tool'],
      ['deb', 'east', 'provider'],
    ]);

    const { stdout } = await cli('image-status', '--detail', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject([
      {
        image: 'bad',
        waits: 'build',
        failures: expect.any(Number) as number,
        cause: 'tool',
        last_message: 'exit code 1',
      },
      { image: 'deb', waits: 'upload to east', cause: 'provider', next_try_in: expect.any(Number) as number },
    ]);
    expect((await cli('image-status')).stdout).not.toContain('Next Try');
    const served = /build logs are served.*url=(\S+)/.exec(await builder.says(/build logs are served/))![1]!;
    const { text } = await ask(`${served}/api/v1/image-waits`);
    expect(JSON.parse(text)).toMatchObject([
      { image: 'bad', provider: null },
      { image: 'deb', provider: 'east' },
    ]);

    await builder.kill();
    await eventually(async () => (await waits()).length === 0); // it goes with the session
  });

  test('it is said clearly when there is no log to be had', async () => {
    file = await farm.configure('one', { more: WEB });
    const builder = await farm.start('one', { more: WEB });
    await readyUploads();
    expect(await cli('image-log', 'other')).toMatchObject({
      status: 1,
      stderr: 'nodepool: error: no build is known by other\n',
    });
    await builder.kill();
    const unreachable = await cli('image-log', 'deb');
    expect(unreachable.status).toBe(1);
    expect(unreachable.stderr).toMatch(/builder \S+ cannot be reached at http:\/\/127\.0\.0\.1:\d+: ECONNREFUSED\n$/);

    const silent = await farm.start('one', {});
    await silent.says(/builder runs/);
    await farm.store.components.view().ready();
    const mute = await cli('image-log', 'deb');
    expect(mute.status).toBe(1);
    expect(mute.stderr).toMatch(/is on builder \S+, which serves no HTTP: configure|cannot be reached/);
  });
});
