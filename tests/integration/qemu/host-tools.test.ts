import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, readdir, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describeWith } from '../../support/requirements';

const run = promisify(execFile);
const root = join(__dirname, '..', '..', '..');
const tool = (name: string) => join(root, 'host-tools', name);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nodepool-tools-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('what the machine offers is told to people and to programs alike', async () => {
  const check = join(root, 'bin', 'lib', 'host-check');
  const statusOf = (argv: readonly string[]) =>
    run(check, argv).then(
      ({ stdout }) => ({ status: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ status: error.code, stdout: error.stdout }),
    );
  const [text, json] = [await statusOf([]), await statusOf(['--json'])];
  expect(json.status).toBe(text.status);
  const answers = JSON.parse(json.stdout) as Record<string, { ok: boolean; remark: string }>;
  const lines = Object.entries(answers).map(([name, { ok, remark }]) =>
    `${name} ${ok ? 'yes' : 'no'} ${remark}`.trim(),
  );
  expect(
    text.stdout
      .trim()
      .split('\n')
      .map((it) => it.trim().replace(/ +/g, ' ')),
  ).toEqual(lines);
  expect(await statusOf(['--xml'])).toMatchObject({ status: 2 });
});

test('stand-ins are linked where the real ones are missing, and run', async () => {
  const { stdout } = await run(join(root, 'bin', 'lib', 'link-host-tools'), [folder]);
  expect(stdout.trim()).toBe(folder);
  for (const name of await readdir(folder)) {
    expect(await realpath(join(folder, name))).toBe(tool(name));
    await access(join(folder, name), 1);
  }
});

describeWith(['machines'], 'the stand-in for vhd-util', () => {
  test('makes a dynamic VHD in the two calls that diskimage-builder makes', async () => {
    const [raw, vhd] = [join(folder, 'image.raw'), join(folder, 'image.vhd')];
    await writeFile(raw, 'data');
    await truncate(raw, 4 << 20);
    await run(tool('vhd-util'), ['convert', '-s', '0', '-t', '1', '-i', raw, '-o', raw]);
    await run(tool('vhd-util'), ['convert', '-s', '1', '-t', '2', '-i', raw, '-o', vhd]);
    const info = JSON.parse((await run('qemu-img', ['info', '--output=json', vhd])).stdout) as Record<string, unknown>;
    expect(info).toMatchObject({ format: 'vpc', 'virtual-size': 4 << 20 });
    expect((await readdir(folder)).sort()).toEqual(['image.raw.bak', 'image.vhd']);
    await expect(run(tool('vhd-util'), ['query'])).rejects.toMatchObject({ code: 2 });
  });
});

describeWith(['root'], 'the stand-in for sudo', () => {
  test('runs the command with its assignments and the PATH as it is', async () => {
    const env = { PATH: `${folder}:${process.env['PATH']}` };
    const { stdout } = await run(tool('sudo'), ['-E', 'A=b', 'sh', '-c', 'echo $A $PATH'], { env });
    expect(stdout.trim()).toBe(`b ${env.PATH}`);
    await expect(run(tool('sudo'), ['--user=nobody', 'true'])).rejects.toMatchObject({ code: 2 });
  });
});

describeWith(['root', 'loop'], 'the stand-in for kpartx', () => {
  test('shows partitions under the names that diskimage-builder expects, and takes them away', async () => {
    const disk = join(folder, 'disk');
    await writeFile(disk, '');
    await truncate(disk, 8 << 20);
    await shell(`echo 'start=2048, size=4096' | sfdisk --quiet ${disk}`);
    const loop = (await run('losetup', ['--find', '--show', disk])).stdout.trim();
    const part = `/dev/mapper/${basename(loop)}p1`;
    try {
      expect((await run(tool('kpartx'), ['-avs', loop])).stdout.trim()).toBe(`add map ${basename(loop)}p1`);
      const size = await readFile(`/sys/class/block/${basename(await realpath(part))}/size`, 'utf8');
      expect(Number(size)).toBe(4096);
    } finally {
      await run(tool('kpartx'), ['-d', loop]);
    }
    try {
      await expect(access(part)).rejects.toMatchObject({ code: 'ENOENT' });
    } finally {
      await run('losetup', ['--detach', loop]); // from now on the name may be somebody else's
    }
  });

  const shell = (command: string) => run('sh', ['-c', command]);
});
