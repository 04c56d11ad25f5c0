import { fc } from '../../support/property';
import {
  type BuildHistoryEntry,
  HISTORY_LENGTH,
  HISTORY_RESULTS,
  parseHistory,
  printHistory,
  withHistoryEntry,
} from '../../../src/model/build-history';

const entry = (number: number, change: Partial<BuildHistoryEntry> = {}): BuildHistoryEntry => ({
  image: 'deb',
  build: String(number).padStart(32, '0'),
  result: 'ready',
  reasons: ['requested'],
  builder: 'nb01',
  builderId: 'id',
  startedAt: number,
  endedAt: number + 0.5,
  formats: ['qcow2'],
  bytes: { qcow2: 42 },
  cause: null,
  message: null,
  exitCode: null,
  ...change,
});

test('an entry takes the place of what was said of the same start', () => {
  const running = withHistoryEntry([], entry(1, { result: 'building', endedAt: null }));
  expect(withHistoryEntry(running, entry(1))).toEqual([entry(1)]);
});

test('a build that begins says of one that never ended that it was lost', () => {
  const before = [entry(1), entry(2, { result: 'building', endedAt: null })];
  const after = withHistoryEntry(before, entry(3, { result: 'building' }));
  expect(after.map((it) => it.result)).toEqual(['ready', 'lost', 'building']);
});

test('what was kept twice is told twice', () => {
  const kept = (at: number) => entry(1, { result: 'unchanged', startedAt: at });
  expect(withHistoryEntry([entry(1), kept(5)], kept(9)).map((it) => it.startedAt)).toEqual([1, 5, 9]);
});

test('is bounded, in number and in length, and the newest stay', () => {
  const message = 'x'.repeat(10_000);
  let all: readonly BuildHistoryEntry[] = [];
  for (let it = 0; it < HISTORY_LENGTH + 7; it += 1) all = withHistoryEntry(all, entry(it, { cause: 'tool', message }));
  expect(all).toHaveLength(HISTORY_LENGTH);
  expect(all[0]!.startedAt).toBe(7);
  expect(printHistory(all).length).toBeLessThan(100_000);
});

const anyEntry: fc.Arbitrary<BuildHistoryEntry> = fc
  .record({
    number: fc.nat(1000),
    result: fc.constantFrom(...HISTORY_RESULTS),
    reasons: fc.array(fc.string()),
    builder: fc.option(fc.string()),
    endedAt: fc.option(fc.nat()),
    formats: fc.array(fc.string()),
    bytes: fc.dictionary(
      fc.string().filter((it) => it !== '__proto__'),
      fc.nat(),
      { noNullPrototype: true },
    ),
    failure: fc.option(fc.record({ cause: fc.string(), message: fc.string(), exitCode: fc.option(fc.nat()) })),
  })
  .map(({ number, failure, ...it }) => entry(number, { ...it, ...(failure ?? {}) }));

test('is read as printed', () => {
  fc.assert(
    fc.property(fc.array(anyEntry), (entries) => {
      expect(parseHistory('deb', printHistory(entries))).toEqual(entries);
    }),
  );
});

test('what cannot be read is left out, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.jsonValue().map((it) => JSON.stringify({ builds: [it] })),
      ),
      (text) => {
        expect(Array.isArray(parseHistory('deb', Buffer.from(text)))).toBe(true);
      },
    ),
  );
  const foreign = JSON.stringify({ builds: [{ build: 'x', result: 'new state', started_at: 1 }, 7, null] });
  expect(parseHistory('deb', Buffer.from(foreign))).toEqual([]);
});
