import { fc } from '../../support/property';
import { Ring } from '../../../src/zk/ring';

test('is a queue', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined }), { maxLength: 1_000 }), (moves) => {
      const ring = new Ring<number>();
      const model: number[] = [];
      for (const move of moves) {
        if (move === undefined) expect(ring.shift()).toBe(model.shift());
        else {
          ring.push(move);
          model.push(move);
        }
        expect(ring.size).toBe(model.length);
        expect(ring.peek()).toBe(model[0]);
        expect(ring.at(model.length - 1)).toBe(model.at(-1));
        expect(ring.at(model.length)).toBeUndefined();
      }
      expect(ring.drain()).toEqual(model);
      expect(ring.size).toBe(0);
    }),
  );
});

test('grows past its first size with the head in the middle', () => {
  const ring = new Ring<number>();
  for (let index = 0; index < 40; index += 1) ring.push(index);
  for (let index = 0; index < 40; index += 1) ring.shift();
  for (let index = 0; index < 200; index += 1) ring.push(index);
  expect(ring.drain()).toEqual(Array.from({ length: 200 }, (_, index) => index));
});
