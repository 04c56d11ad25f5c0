/**
 * A test that fails is tried once more, on machines that others use as well: its first error is printed, and the end of the
 * run names every test that needed it: such a test is to be mended. Properties keep their seed, so what they find fails
 * twice; where new cases are looked for, the second try would look elsewhere, and there is none.
 */
if (process.env['PROPERTY_SEED'] !== 'random') jest.retryTimes(1, { logErrorsBeforeRetry: true });
