import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** The image is not built by the tests; that it would find its parts is. */
test('everything that the Dockerfile copies is there, and nothing that programs read is missing', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  const sources = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
    .flatMap((line) => line.trim().split(/\s+/).slice(1, -1));
  expect(sources.filter((it) => !existsSync(join(ROOT, it)))).toEqual([]);
  expect(sources).toEqual(expect.arrayContaining(['bin', 'elements', 'etc/dashboard', 'host-tools', 'package.json']));
});
