import { fc } from '../../support/property';
import { FrameSplitter } from '../../../src/zk/frame-splitter';

function framed(payloads: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    payloads.map((it) => {
      const frame = Buffer.alloc(4 + it.length);
      frame.writeInt32BE(it.length);
      frame.set(it, 4);
      return frame;
    }),
  );
}

test('the frames are the same however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 }),
      fc.array(fc.nat(700), { maxLength: 60 }),
      (payloads, cuts) => {
        const stream = framed(payloads);
        const places = [0, ...cuts.map((it) => Math.min(it, stream.length)).sort((a, b) => a - b), stream.length];
        const splitter = new FrameSplitter(100);
        const seen: Buffer[] = [];
        for (let index = 1; index < places.length; index += 1) {
          splitter.push(stream.subarray(places[index - 1], places[index]), (buffer, start, end) => {
            seen.push(Buffer.from(buffer.subarray(start, end)));
            return true;
          });
        }
        expect(seen).toEqual(payloads.map((it) => Buffer.from(it)));
        expect(splitter.isMidFrame).toBe(false);
      },
    ),
  );
});

test.each([
  ['negative', -1],
  ['one above the limit', 101],
  ['absurd', 0x7fff_ffff],
])('a length that is %s is refused, whole or byte by byte', (_title, length) => {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  const take = () => true;
  expect(() => new FrameSplitter(100).push(prefix, take)).toThrow('frame of');
  const splitter = new FrameSplitter(100);
  for (const it of [0, 1, 2]) splitter.push(prefix.subarray(it, it + 1), take);
  expect(() => splitter.push(prefix.subarray(3), take)).toThrow('frame of');
});

test('a frame exactly at the limit passes', () => {
  let size = 0;
  new FrameSplitter(100).push(framed([Buffer.alloc(100)]), (_buffer, start, end) => {
    size = end - start;
    return true;
  });
  expect(size).toBe(100);
});

test('a hundred thousand frames in one chunk need no stack', () => {
  const stream = framed(Array.from({ length: 100_000 }, () => Buffer.alloc(16)));
  let count = 0;
  new FrameSplitter(100).push(stream, () => {
    count += 1;
    return true;
  });
  expect(count).toBe(100_000);
});

test('stops when told', () => {
  const seen: number[] = [];
  new FrameSplitter(100).push(framed([Buffer.from([1]), Buffer.from([2])]), (buffer, start) => {
    seen.push(buffer[start]!);
    return false;
  });
  expect(seen).toEqual([1]);
});
