import fc from 'fast-check';

/**
 * fast-check, with one seed for all properties: the same commit makes the same cases, so a run that was green is green again.
 * New cases are looked for on purpose, by `npm run hunt`, which sets `PROPERTY_SEED=random` and `PROPERTY_FACTOR`.
 */
const { PROPERTY_SEED = '20260101', PROPERTY_FACTOR = '1' } = process.env;
const factor = Number(PROPERTY_FACTOR);

fc.configureGlobal({
  ...(PROPERTY_SEED === 'random' ? {} : { seed: Number(PROPERTY_SEED) }),
  numRuns: 100 * factor,
});

/** How often a property is tried that is to be tried `count` times in an ordinary run. */
export function runs(count: number): { numRuns: number } {
  return { numRuns: count * factor };
}

export { fc };
