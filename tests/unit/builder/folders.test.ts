import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuildLogs, maskSecrets } from '../../../src/builder/build-log';
import { cloudImageName } from '../../../src/builder/image-name';
import { ImageFolder } from '../../../src/builder/image-folder';
import { parseMounts } from '../../../src/builder/leftovers';
import { readIdentity } from '../../../src/builder/identity';
import { systemClock } from '../../../src/runtime/clock';
import { seededRandom } from '../../../src/runtime/random';
import { buildId } from '../../support/image-world';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nodepool-builder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const key = { image: 'jammy', build: buildId(1) };
const name = `jammy-${buildId(1)}`;
const write = (...names: readonly string[]) => Promise.all(names.map((it) => writeFile(join(folder, it), 'x')));

describe('the folder of images', () => {
  test('a build is deleted with all its parts, and nothing of its neighbours', async () => {
    await write(`${name}.qcow2`, `${name}.qcow2.md5`, `${name}.raw-new`, `jammy-${buildId(2)}.qcow2`, 'builder_id.txt');
    await mkdir(join(folder, `${name}.d`, 'dib-manifests'), { recursive: true });
    const images = new ImageFolder(folder);
    expect(await images.deleteBuild(key)).toHaveLength(4);
    expect((await readdir(folder)).sort()).toEqual(['builder_id.txt', `jammy-${buildId(2)}.qcow2`]);
    expect(await images.deleteBuild(key)).toEqual([]);
  });

  test('the manifest folder goes also when it is all that is left', async () => {
    await mkdir(join(folder, `${name}.d`));
    const images = new ImageFolder(folder);
    expect([...(await images.list()).keys()]).toEqual([name]);
    await images.deleteBuild(key);
    expect(await readdir(folder)).toEqual([]);
  });

  test('formats are missing when their file is, or is empty', async () => {
    await write(`${name}.qcow2`, `${name}.squash`);
    await writeFile(join(folder, `${name}.raw`), '');
    const missing = await new ImageFolder(folder).missingFormats(key, ['qcow2', 'raw', 'squashfs', 'vhd']);
    expect(missing).toEqual(['raw', 'vhd']);
  });

  test('a file that cannot be looked at is not taken for one that is missing', async () => {
    for (const it of [`${name}.raw`, `${name}.raw.md5`]) await symlink(it, join(folder, it)); // leads to itself
    const images = new ImageFolder(folder);
    await expect(images.missingFormats(key, ['raw'])).rejects.toThrow('ELOOP');
    await expect(images.checksums(key, 'raw')).rejects.toThrow('ELOOP');
  });

  test('checksums are the first digits of the files, if they are there', async () => {
    const [md5, sha256] = ['a1'.repeat(16), 'b2'.repeat(32)];
    await writeFile(join(folder, `${name}.qcow2.md5`), `${md5}  ${name}.qcow2\n`);
    await writeFile(join(folder, `${name}.qcow2.sha256`), `${sha256}  ${name}.qcow2\n`);
    await writeFile(join(folder, `${name}.raw.md5`), 'no checksum at all, in so many words');
    const images = new ImageFolder(folder);
    expect(await images.checksums(key, 'qcow2')).toEqual({ md5, sha256 });
    expect(await images.checksums(key, 'raw')).toEqual({});
  });
});

describe('the logs of builds', () => {
  const at = async (file: string, seconds: number) => {
    await write(file);
    await utimes(join(folder, file), seconds, seconds);
  };

  test.each([
    [2, [3, 4]],
    [1, [4]],
    [0, [4]],
    [-1, [1, 2, 3, 4]],
  ])('of %d kept the newest stay, with nobody else touched', async (retention, kept) => {
    for (const number of [1, 2, 3, 4]) await at(`fedora-${buildId(number)}.log`, number);
    await at(`fedora-minimal-${buildId(1)}.log`, 1);
    await write(`fedora-${buildId(1)}.json`, 'fedora-notes.txt');
    await new BuildLogs(folder).prune('fedora', retention);
    const left = (await readdir(folder)).sort();
    const expected = kept.map((it) => `fedora-${buildId(it)}.log`);
    expect(left.filter((it) => it.startsWith('fedora-0') && it.endsWith('.log'))).toEqual(expected);
    expect(left).toContain(`fedora-minimal-${buildId(1)}.log`);
    expect(left).toContain('fedora-notes.txt');
    expect(left.includes(`fedora-${buildId(1)}.json`)).toBe(kept.includes(1));
  });

  test('are none where there is no folder; one that cannot be read is no empty one', async () => {
    await new BuildLogs(join(folder, 'absent')).prune('fedora', 1);
    await write('file');
    await expect(new BuildLogs(join(folder, 'file')).prune('fedora', 1)).rejects.toThrow('ENOTDIR');
  });

  test('the last lines are at hand, without secrets', async () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    await writeFile(join(folder, `${name}.log`), [...lines, 'TOKEN=hunter22', ''].join('\n'));
    const last = await new BuildLogs(folder).lastLines(key, ['hunter22']);
    expect(last).toHaveLength(20);
    expect(last.slice(-2)).toEqual(['line 99', 'TOKEN=********']);
    expect(await new BuildLogs(folder).lastLines({ ...key, build: buildId(9) }, [])).toEqual([]);
  });

  test('short values are numbers and flags, not secrets', () => {
    expect(maskSecrets('a=1 b=longer-secret', ['1', 'longer', 'longer-secret'])).toBe('a=1 b=********');
  });
});

test('mount points with blanks', () => {
  const text = 'proc /proc proc rw 0 0\n/dev/loop0 /images/my\\040dir/mnt ext4 rw 0 0\n';
  expect(parseMounts(text)).toEqual(['/proc', '/images/my dir/mnt']);
});

test.each([
  ['{image_name}-{timestamp}', 'jammy-1700000000'],
  ['npimage{upload_id}', 'npimage0000000003'],
  ['{{x}} {unknown}', '{x} {unknown}'],
])('cloud image name %s', (template, expected) => {
  expect(cloudImageName(template, { ...key, provider: 'p', upload: '0000000003' }, 1_700_000_000.9)).toBe(expected);
});

test('the builder id is made once, and read as it stands', async () => {
  const tools = { clock: systemClock, random: seededRandom(1), env: { PATH: process.env['PATH'] } };
  const first = await readIdentity(folder, tools);
  expect(first.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(await readFile(join(folder, 'builder_id.txt'), 'utf8')).toBe(first.id);
  expect((await readIdentity(folder, tools)).id).toBe(first.id);
  await writeFile(join(folder, 'builder_id.txt'), ' mine\n');
  expect((await readIdentity(folder, tools)).id).toBe(' mine\n');
});
