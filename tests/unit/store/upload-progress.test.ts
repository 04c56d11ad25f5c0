import { uploadProgressPath } from '../../../src/model/paths';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import { ProgressReport, PROGRESS_PERIOD_MS, readUploadProgress } from '../../../src/store/upload-progress';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock } from '../../support/fake-clock';

const KEY = { image: 'deb', build: 'b', provider: 'east', upload: '0000000001' };
const at = (bytesDone: number) => ({ stage: 'uploading', bytesDone, bytesTotal: 100 }) as const;

test('is written sparingly, read by others, and gone afterwards', async () => {
  const clock = new FakeClock(0);
  const server = new MemoryServer({ clock });
  const zk = server.connect();
  await zk.connected();
  const parts = { zk, clock, random: seededRandom(1), log: silentLogger };
  const report = new ProgressReport(parts, KEY);
  const shown = async () => {
    await report.written();
    return (await readUploadProgress(parts, KEY))?.bytesDone;
  };
  report.tell(at(1));
  expect(await shown()).toBeUndefined(); // a short upload costs nothing
  await clock.advance(PROGRESS_PERIOD_MS);
  report.tell(at(20));
  expect(await shown()).toBe(20);
  report.tell(at(21));
  expect(await shown()).toBe(20);
  await clock.advance(PROGRESS_PERIOD_MS);
  report.tell(at(60));
  expect(await shown()).toBe(60);
  report.tell({ stage: 'validating', bytesDone: 0, bytesTotal: 0 }, true);
  await report.written();
  expect(await readUploadProgress(parts, KEY)).toEqual({ stage: 'validating', bytesDone: 0, bytesTotal: 0 });
  await report.close();
  expect(await zk.exists(uploadProgressPath(KEY))).toBeUndefined();
  await zk.close();
});

test('what others wrote there is not mistaken for progress', async () => {
  const clock = new FakeClock(0);
  const zk = new MemoryServer({ clock }).connect();
  await zk.connected();
  const parts = { zk, clock, random: seededRandom(1), log: silentLogger };
  for (const path of ['/nodepool', '/nodepool/image-progress']) await zk.create(path, Buffer.alloc(0));
  await zk.create(uploadProgressPath(KEY), Buffer.from('{"stage": 7}'));
  expect(await readUploadProgress(parts, KEY)).toBeUndefined();
  await zk.set(uploadProgressPath(KEY), Buffer.from('not JSON'));
  expect(await readUploadProgress(parts, KEY)).toBeUndefined();
  await zk.close();
});
