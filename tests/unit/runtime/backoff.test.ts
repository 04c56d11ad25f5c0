import { fc } from '../../support/property';
import { Backoff } from '../../../src/runtime/backoff';
import { seededRandom } from '../../../src/runtime/random';

test('every delay lies between half and whole of the exponential, up to the maximum', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 20 }),
      (seed, first, steps) => {
        const backoff = new Backoff({ firstMs: first, maxMs: 8 * first }, seededRandom(seed));
        for (let step = 0; step < steps; step += 1) {
          const whole = Math.min(8 * first, first * 2 ** step);
          const delay = backoff.next();
          expect(delay).toBeGreaterThanOrEqual(whole / 2);
          expect(delay).toBeLessThanOrEqual(whole);
        }
      },
    ),
  );
});

test('reset begins again', () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 10_000 }, seededRandom(1));
  backoff.next();
  backoff.next();
  expect(backoff.attempts).toBe(2);
  backoff.reset();
  expect(backoff.attempts).toBe(0);
  expect(backoff.next()).toBeLessThanOrEqual(100);
});
