import { type ImageWait, parseWaits, printWaits } from '../../../src/model/image-waits';
import { IMAGE_WAITS, imageWaitsPath } from '../../../src/model/own-paths';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import { readWaits, WaitsReport } from '../../../src/store/image-waits';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock, settle } from '../../support/fake-clock';

const wait = (more: Partial<ImageWait> = {}): ImageWait => ({
  image: 'deb',
  provider: null,
  failures: 1,
  cause: 'tool',
  message: 'exit code 1',
  failedAt: 100,
  nextTryAt: 110.5,
  ...more,
});
const said = (...waits: ImageWait[]) => ({ builder: 'b1.example', waits });

test('is told to others, once for each change, and withdrawn when nothing waits', async () => {
  const clock = new FakeClock(0);
  const server = new MemoryServer({ clock });
  const zk = server.connect();
  await zk.connected();
  const parts = { zk, clock, random: seededRandom(1), log: silentLogger };
  const report = new WaitsReport(parts, 'id-1');
  const tell = async (...waits: ImageWait[]) => {
    report.tell(said(...waits));
    await report.written();
    return readWaits(parts);
  };
  expect(await tell()).toEqual([]);
  expect(await zk.exists(IMAGE_WAITS)).toBeUndefined(); // nothing failed: nothing is written
  expect(await tell(wait())).toEqual([said(wait())]);
  await tell(wait());
  expect((await zk.exists(imageWaitsPath('id-1')))?.version).toBe(0);
  const both = [wait({ failures: 2, nextTryAt: 120 }), wait({ provider: 'east', cause: 'provider', nextTryAt: 130 })];
  expect(await tell(...both)).toEqual([said(...both)]);

  server.expire(zk);
  await zk.connected();
  await settle();
  expect(await readWaits(parts)).toEqual([]);
  expect(await tell(...both)).toEqual([said(...both)]); // unchanged, but the new session has not said it
  expect(await tell()).toEqual([]);
  await zk.close();
});

test('too many are cut to those that are tried next, long messages to their start', () => {
  const many = Array.from({ length: 150 }, (_, index) => wait({ image: `deb-${index}`, nextTryAt: 1000 - index }));
  const { waits } = parseWaits(printWaits(said(...many)))!;
  expect(waits).toHaveLength(100);
  expect(waits[0]!.image).toBe('deb-149');
  expect(parseWaits(printWaits(said(wait({ message: 'x'.repeat(9999) }))))!.waits[0]!.message).toHaveLength(400);
});

test.each(['', 'null', '[]', '{"builder": 1, "waits": []}', '{"builder": "b"}'])('%j is not ours', (text) => {
  expect(parseWaits(Buffer.from(text))).toBeUndefined();
});

test('entries that make no sense are left out', () => {
  const text = JSON.stringify({
    builder: 'b',
    waits: [1, { image: 'deb' }, JSON.parse(printWaits(said(wait())).toString()).waits[0]],
  });
  expect(parseWaits(Buffer.from(text))).toEqual({ builder: 'b', waits: [wait()] });
});
