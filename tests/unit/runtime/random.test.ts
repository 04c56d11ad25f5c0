import { pick, seededRandom, systemRandom, uuid4 } from '../../../src/runtime/random';

test('a seed replays', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return [random.next(), random.hex(4), pick(random, ['a', 'b', 'c'])];
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test.each([
  ['seeded', seededRandom(3)],
  ['system', systemRandom],
])('%s randomness: hex of the asked length, UUIDs of version 4, numbers below one', (_title, random) => {
  expect(random.hex(16)).toMatch(/^[0-9a-f]{32}$/);
  expect(uuid4(random)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  for (let draw = 0; draw < 100; draw += 1) {
    const number = random.next();
    expect(number).toBeGreaterThanOrEqual(0);
    expect(number).toBeLessThan(1);
  }
});

test('picking from nothing is a mistake of the caller', () => {
  expect(() => pick(systemRandom, [])).toThrow(RangeError);
});
