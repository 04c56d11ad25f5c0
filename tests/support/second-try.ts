/** A machine that is five times slower than ours, or as busy, needs its time; what hangs is told with the rest. */
jest.setTimeout(120_000);

/**
 * Integration tests run real servers and kill them, on machines that others use as well. A test that fails is tried once
 * more, its first error is printed, and the end of the run names every test that needed it: such a test is to be mended.
 */
jest.retryTimes(1, { logErrorsBeforeRetry: true });
