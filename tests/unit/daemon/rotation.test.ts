import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rotateByTime } from '../../../src/daemon/logs/rotation';

const folder = mkdtempSync(join(tmpdir(), 'nodepool-rotation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a file is moved away when its time has come, named for when it began; the oldest go', () => {
  const path = join(folder, 'log');
  const start = Date.UTC(2024, 8, 1, 12, 0, 0);
  const plan = { by: 'time', when: 'M', interval: 1, backupCount: 2, utc: true } as const;
  const rotation = rotateByTime(plan, path, start);
  expect(rotation.isDue(1, start + 59_999)).toBe(false);
  for (const minute of [1, 2, 3]) {
    writeFileSync(path, '');
    expect(rotation.isDue(1, start + minute * 60_000)).toBe(true);
    rotation.turnOver(path);
  }
  writeFileSync(path, '');
  expect(readdirSync(folder).sort()).toEqual(['log', 'log.2024-09-01_12-01', 'log.2024-09-01_12-02']);
  expect(rotation.isDue(1, start + 3 * 60_000 + 59_999)).toBe(false);
});

test('a time without lines is passed over in one step', () => {
  const path = join(folder, 'quiet');
  const start = Date.UTC(2024, 8, 1);
  const plan = { by: 'time', when: 'H', interval: 1, backupCount: 0, utc: true } as const;
  const rotation = rotateByTime(plan, path, start);
  expect(rotation.isDue(1, start + 5.5 * 3_600_000)).toBe(true);
  rotation.turnOver(path);
  expect(rotation.isDue(1, start + 5.9 * 3_600_000)).toBe(false);
  expect(rotation.isDue(1, start + 6 * 3_600_000)).toBe(true);
});
