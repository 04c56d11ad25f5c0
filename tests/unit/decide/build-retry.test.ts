import { fc } from '../../support/property';
import { afterFailure, BUILD_RETRY, type Retry, retryWaitMs } from '../../../src/decide/build-retry';

const failure = { cause: 'tool', message: 'exit code 1' } as const;

test('delays double from the first to the greatest, spread between half and whole', () => {
  let retry: Retry | undefined;
  const delays = Array.from({ length: 10 }, () => {
    retry = afterFailure(retry, failure, BUILD_RETRY, 0, 1);
    return retry.nextTryMs / 1000;
  });
  expect(delays).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800]);
  expect(afterFailure(undefined, failure, BUILD_RETRY, 0, 0).nextTryMs).toBe(5_000);
  expect(retry).toMatchObject({ failures: 10, cause: 'tool', message: 'exit code 1' });
});

test('a request made since the failure is tried at once, the one that failed is not', () => {
  const retry = afterFailure(undefined, { ...failure, requestedAt: 7 }, BUILD_RETRY, 0, 1);
  expect(retryWaitMs(retry, 4_000, 7)).toBe(6_000);
  expect(retryWaitMs(retry, 4_000, 8)).toBe(0);
  expect(retryWaitMs(retry, 4_000)).toBe(6_000);
  expect(retryWaitMs(retry, 10_000, 7)).toBe(0);
  expect(retryWaitMs(undefined, 0)).toBe(0);
});

test('no delay is negative or beyond the greatest', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.double({ min: 0, max: 1, noNaN: true }), (failures, jitter) => {
      const before = { ...afterFailure(undefined, failure, BUILD_RETRY, 0, 0), failures };
      const next = afterFailure(before, failure, BUILD_RETRY, 100, jitter);
      expect(next.nextTryMs - 100).toBeGreaterThan(0);
      expect(next.nextTryMs - 100).toBeLessThanOrEqual(BUILD_RETRY.maxMs);
    }),
  );
});
