import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../../src/runtime/clock';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, DEB } from '../../support/builder-farm';
import { describeWith } from '../../support/requirements';

const run = promisify(execFile);

describeWith(['root', 'mount'], 'a disk without room', () => {
  let server: PrivateServer;
  let farm: BuilderFarm;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    farm = await BuilderFarm.open(server);
    await farm.configure('one');
  });
  afterEach(async () => {
    await Promise.all(farm.builders.map((it) => it.kill()));
    await run('umount', ['--lazy', farm.imagesDir('one')]);
    await farm.close();
  });
  const mount = (mebibytes: number) =>
    run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', farm.imagesDir('one')]);

  test('a build that fills it fails with the reason and leaves no half files; the builder lives', async () => {
    await mount(80);
    const tool = join(farm.folder, 'greedy-tool');
    const lines = [
      '#!/bin/sh',
      'while [ "$1" != -o ]; do shift; done',
      'exec dd if=/dev/zero of="$2.qcow2" bs=1M count=200',
    ];
    await writeFile(tool, lines.join('\n'), { mode: 0o755 });
    const diskImages = ['- name: deb', '  formats: [qcow2]', `  dib-cmd: ${tool}`];
    const builder = await farm.start('one', { diskImages, providers: ['[]'] });
    await builder.says(/image build failed.*cause=disk why="no space left on device.*, exit code 1"/);
    expect(await farm.files('one')).toEqual([]);
    await farm.configure('one', { diskImages: DEB, providers: ['[]'] });
    await builder.says(/image is ready/);
  });

  test('a build that would not fit is not begun, and the reason is said', async () => {
    await mount(20);
    const builder = await farm.start('one', {});
    await builder.says(/image build failed image=deb cause=disk why="\d+ MiB free, 64 MiB needed/);
    await builder.says(/will try again what=deb .*cause=disk/);
    expect(farm.builds().size).toBe(0);
  });
});
