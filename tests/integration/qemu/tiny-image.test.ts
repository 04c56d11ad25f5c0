import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { BUILD, describeWith } from '../../support/requirements';
import { testCache, tinyImage } from '../../support/tiny-image';

describeWith([...BUILD, 'ssh'], 'the image that tests boot', () => {
  test('is built once for two suites that ask at once, is whole, and leaves nothing of its build', async () => {
    const [first, second] = await Promise.all([tinyImage(), tinyImage()]);
    expect(second).toEqual(first);
    expect(
      createHash('sha256')
        .update(await readFile(first.file))
        .digest('hex'),
    ).toBe(first.sha256);
    expect((await readdir(testCache)).filter((it) => it.startsWith('building-'))).toEqual([]);
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(testCache);
  }, 600_000);
});
