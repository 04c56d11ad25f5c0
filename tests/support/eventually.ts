import { systemClock } from '../../src/runtime/clock';

/** Resolves when it holds; for what no event tells. The test's own time limit ends it. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await systemClock.sleep(5);
}
