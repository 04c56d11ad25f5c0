/** A machine that is five times slower than ours, or as busy, needs its time; what hangs is told with the rest. */
jest.setTimeout(120_000);
