import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { pourFile } from '../../../src/drivers/pour-file';

const MIB = 1 << 20;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nodepool-pour-'));
});
afterAll(() => rm(folder, { recursive: true }));

const fileOf = async (bytes: number) => {
  const data = randomBytes(bytes);
  const path = join(folder, String(bytes));
  await writeFile(path, data);
  return { path, data };
};

/** Takes what it is given only a turn later, so that a buffer that is used again too early would be seen. */
class SlowSink extends Writable {
  readonly hash = createHash('sha256');

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    setImmediate(() => {
      this.hash.update(chunk);
      done();
    });
  }
}

test.each([0, 1, MIB - 1, MIB, MIB + 1, 7 * MIB + 13])('sends all of %d bytes, as they are', async (bytes) => {
  const { path, data } = await fileOf(bytes);
  const sink = new SlowSink();
  const seen: number[] = [];
  const finished = once(sink, 'finish');
  await pourFile(path, sink, { bytes, onProgress: (it) => seen.push(it) });
  await finished;
  expect(sink.hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
  expect(seen.at(-1) ?? 0).toBe(bytes);
  expect([...seen].sort((a, b) => a - b)).toEqual(seen);
});

test('ends with the error of the stream when that is destroyed, though nobody reads from it', async () => {
  const { path } = await fileOf(9 * MIB);
  const sink = new PassThrough(); // takes a few bytes and then waits for a reader
  const poured = pourFile(path, sink, { bytes: 9 * MIB });
  setImmediate(() => sink.destroy(new Error('told to stop')));
  await expect(poured).rejects.toThrow('told to stop');
});

test('a stream that is closed already takes nothing', async () => {
  const { path } = await fileOf(10);
  const sink = new PassThrough();
  sink.destroy();
  await expect(pourFile(path, sink, { bytes: 10 })).rejects.toThrow('the connection was closed');
});

test('a file that is shorter than was said is an error, not a wait', async () => {
  const { path } = await fileOf(100);
  await expect(pourFile(path, new SlowSink(), { bytes: 101 })).rejects.toThrow('the file ends after 100 of 101 bytes');
});
