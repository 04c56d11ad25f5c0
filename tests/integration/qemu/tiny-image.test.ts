import { readdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { testCache, tinyImage } from '../../support/tiny-image';

test('two suites that ask at once get one image, whole and with nothing left of its build', async () => {
  const [first, second] = await Promise.all([tinyImage(), tinyImage()]);
  expect(second).toEqual(first);
  expect(
    createHash('sha256')
      .update(await readFile(first.file))
      .digest('hex'),
  ).toBe(first.sha256);
  expect((await readdir(testCache)).filter((it) => it.startsWith('building-'))).toEqual([]);
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(testCache);
}, 300_000);
