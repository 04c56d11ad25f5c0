import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loopsBelow, parseMounts, processesOf } from '../../../src/builder/leftovers';
import { systemClock } from '../../../src/runtime/clock';
import type { BuildEntry, ImageEntry } from '../../../src/store/api';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { type BuilderChild, BuilderFarm, fakeProvider } from '../../support/builder-farm';
import { BUILD, describeWith } from '../../support/requirements';
import { testCache } from '../../support/tiny-image';

const run = promisify(execFile);
const ROOT = join(__dirname, '..', '..', '..');
const inState = (state: string) => (images: ReadonlyMap<string, ImageEntry>) =>
  [...(images.get('tiny')?.builds.values() ?? [])].find((it) => it.record?.state === state);

describeWith(BUILD, 'the real disk-image-create', () => {
  let server: PrivateServer;
  let farm: BuilderFarm;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    farm = await BuilderFarm.open(server);
    const tools = join(farm.folder, 'tools');
    await run(join(ROOT, 'bin', 'lib', 'link-host-tools'), [tools]);
    await mkdir(testCache, { recursive: true });
    Object.assign(farm.env, { PATH: `${tools}:${process.env['PATH']}`, TMPDIR: '/tmp' });
  });
  afterEach(() => farm.close());

  const start = async (formats: string, more: readonly string[] = []): Promise<BuilderChild> => {
    const key = join(farm.folder, 'id.pub');
    await writeFile(key, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVZ test\n');
    const env = { NODE_AUTHORIZED_KEYS: key, DIB_IMAGE_CACHE: join(testCache, 'dib'), DIB_APT_LOCAL_CACHE: '0' };
    const vars = Object.entries(env).map(([name, value]) => `    ${name}: '${value}'`);
    const image = [
      '- name: tiny',
      `  formats: [${formats}]`,
      '  elements: [tiny-node]',
      '  env-vars:',
      ...vars,
      ...more,
    ];
    return farm.start('one', {
      diskImages: image,
      providers: fakeProvider('east', ['tiny']),
      elementsDir: join(ROOT, 'elements'),
    });
  };
  const leftBy = async (key: BuildEntry['key']) => {
    const id = await readFile(join(farm.imagesDir('one'), 'builder_id.txt'), 'utf8');
    const dir = join(farm.imagesDir('one'), `.nodepool-${id}`, `tiny-${key.build}`);
    const mounts = parseMounts(await readFile('/proc/self/mounts', 'utf8')).filter((it) => it.startsWith(farm.folder));
    return { processes: await processesOf(dir), loops: await loopsBelow(farm.folder), mounts };
  };
  const NOTHING = { processes: [], loops: [], mounts: [] };

  test('makes every format that is wanted, with checksums and manifest', async () => {
    await start('raw, qcow2, vhd, tar, squashfs');
    const build = await farm.until(inState('ready'));
    expect(build.record!.formats).toEqual(['qcow2', 'raw', 'squashfs', 'tar', 'vhd']);
    const name = `tiny-${build.key.build}`;
    const images = ['.qcow2', '.raw', '.squash', '.tar', '.vhd'];
    const parts = ['.d', ...images.flatMap((it) => [it, `${it}.md5`, `${it}.sha256`])];
    expect(await farm.files('one')).toEqual(parts.map((it) => name + it).sort());
    const cwd = farm.imagesDir('one');
    for (const it of images) await run('sha256sum', ['--quiet', '-c', `${name}${it}.sha256`], { cwd });
    await run('qemu-img', ['check', '-q', `${name}.qcow2`], { cwd });
    const vhd = JSON.parse((await run('qemu-img', ['info', '--output=json', `${name}.vhd`], { cwd })).stdout) as object;
    expect(vhd).toMatchObject({ format: 'vpc', 'virtual-size': expect.any(Number) });
    expect((await run('tar', ['-tf', `${name}.tar`], { cwd })).stdout).toContain('etc/passwd');
    expect((await run('unsquashfs', ['-ll', `${name}.squash`], { cwd })).stdout).toContain('etc/passwd');
    expect(await readdir(join(cwd, `${name}.d`, 'dib-manifests'))).toContain('dib_arguments');
    await farm.until(
      (images) => [...images.get('tiny')!.builds.values()][0]!.providers.get('east')?.uploads.size === 1,
    );
    expect(await leftBy(build.key)).toEqual(NOTHING);
    const log = await readFile(join(farm.logDir('one'), `${name}.log`), 'utf8');
    expect(log.trimEnd().split('\n').at(-1)).toBe('Exit code: 0');
  }, 600_000);

  test('on a disk that fills up it fails with the reason and leaves nothing, and the builder goes on', async () => {
    await farm.configure('one');
    await run('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', farm.imagesDir('one')]);
    let builder: BuilderChild | undefined;
    try {
      builder = await start('qcow2, raw');
      await builder.says(/image build failed.*cause=disk why="no space left on device/);
      await builder.says(/will try again what=tiny/);
      const { key, record } = await farm.until(inState('failed'));
      expect(record!.unknown!['failure']!.value()).toMatchObject({ cause: 'disk' });
      const left = await leftBy(key);
      expect({ ...left, mounts: left.mounts.filter((it) => it !== farm.imagesDir('one')) }).toEqual(NOTHING);
      expect(await farm.files('one')).toEqual([]);
      await farm.store.images.requestBuild('tiny'); // alive: what is asked for is tried again at once
      await builder.says(/building image.*because=requested/);
    } finally {
      await builder?.kill();
      await run('umount', ['--lazy', farm.imagesDir('one')]);
    }
  }, 600_000);

  test('stopped in the middle, with the disk attached, leaves nothing', async () => {
    const builder = await start('qcow2');
    const build = await farm.until(inState('building'));
    await farm.logged('one', build.key, 'Calling [sudo mkfs');
    expect((await leftBy(build.key)).processes.length).toBeGreaterThan(0);
    builder.signal('SIGTERM');
    expect(await builder.ended()).toBe(0);
    expect(await leftBy(build.key)).toEqual(NOTHING);
    expect(await farm.files('one')).toEqual([]);
    expect((await farm.store.images.getBuild(build.key))!.record.state).toBe('failed');
  }, 600_000);

  test('killed with its builder leaves a loop device, which the next start releases', async () => {
    const builder = await start('qcow2');
    const build = await farm.until(inState('building'));
    await farm.logged('one', build.key, 'Calling [sudo mkfs');
    await builder.kill();
    const left = await leftBy(build.key);
    expect(left.mounts).toEqual([]);
    expect(left.loops.length).toBeGreaterThan(0);
    const again = await start('qcow2', ['  pause: true']);
    await again.says(/cleared what an interrupted build left/);
    expect(await leftBy(build.key)).toEqual(NOTHING);
    expect(await farm.files('one')).toEqual([]);
    await farm.until((images) => images.get('tiny')!.builds.size === 0);
  }, 600_000);
});
