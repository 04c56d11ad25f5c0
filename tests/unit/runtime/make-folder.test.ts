import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder, makeFolderSync } from '../../../src/runtime/make-folder';

const ways = {
  'in its time': makeFolder,
  'at once': async (path: string, options?: { mode?: number }) => makeFolderSync(path, options),
};

describe.each(Object.entries(ways))('a folder made %s', (_name, make) => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'nodepool-folder-'));
    writeFileSync(join(base, 'file'), '');
    symlinkSync(base, join(base, 'link'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  test.each(['', 'one', 'one/two/three', 'link', 'link/one'])('is there afterwards: %j', async (path) => {
    await make(join(base, path));
    await make(join(base, path));
    expect(statSync(join(base, path)).isDirectory()).toBe(true);
  });

  test.each([
    ['file', 'EEXIST'],
    ['file/one', 'ENOTDIR'],
  ])('is refused: %j', async (path, code) => {
    await expect(make(join(base, path))).rejects.toMatchObject({ code });
  });

  test('has the mode asked for, and those above it, too', async () => {
    chmodSync(base, 0o755);
    await make(join(base, 'one/two'), { mode: 0o700 });
    expect(['one', 'one/two'].map((it) => statSync(join(base, it)).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  test('is refused where the system lies about what is missing', async () => {
    await expect(make('/proc/nodepool/one')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('is made by several at the same time', async () => {
    await Promise.all(Array.from({ length: 8 }, () => make(join(base, 'a/b/c/d'))));
    expect(statSync(join(base, 'a/b/c/d')).isDirectory()).toBe(true);
  });
});
