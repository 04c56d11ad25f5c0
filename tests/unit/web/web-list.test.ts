import { fc, runs } from '../../support/property';
import { ageText } from '../../../src/views/column';
import { gridText } from '../../../src/views/table';
import { pythonJson } from '../../../src/web/python-json';
import type { WebColumn } from '../../../src/web/web-column';
import { WebList } from '../../../src/web/web-list';

interface Row {
  readonly name: string;
  readonly since: number | undefined;
  readonly until: number | undefined;
}
const COLUMNS: readonly WebColumn<Row>[] = [
  { field: 'name', header: 'Name', value: (it) => it.name },
  { field: 'age', header: 'Age', kind: 'elapsed', value: (it) => it.since },
  { field: 'end', header: 'End', kind: 'since', value: (it) => it.until },
];

/** The same without keeping anything. */
function plainText(rows: readonly Row[], now: number): string {
  const age = (since: number | undefined) => (since === undefined ? '' : ageText(since, now));
  return gridText(
    COLUMNS.map((it) => it.header),
    rows.map((it) => [it.name, age(it.since), age(it.until)]),
  );
}
function plainJson(rows: readonly Row[], now: number): string {
  const age = (since: number | undefined) => (since === undefined ? null : ageText(since, now));
  return pythonJson(
    rows.map(({ name, since, until }) => ({
      name,
      age: age(since),
      end: until === undefined ? null : Math.floor(until),
    })),
  );
}

const DAY = 86_400;
const times = fc.option(fc.double({ min: 0, max: 2_000 * DAY, noNaN: true }), { nil: undefined });
const names = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('a\nlonger line', '東京', 'é', ''),
);
const rowOf = fc.record({ name: names, since: times, until: times });
/** One list after the other: of the rows before some go, some change, some come. */
const steps = fc.array(
  fc.record({
    now: fc.double({ min: 900 * DAY, max: 2_100 * DAY, noNaN: true }),
    gone: fc.array(fc.nat(99), { maxLength: 4 }),
    changed: fc.array(fc.tuple(fc.nat(99), rowOf), { maxLength: 4 }),
    come: fc.array(fc.tuple(fc.nat(99), rowOf), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 6 },
);

test('lists of rows that are kept are what lists of new rows would be, whatever comes, goes, changes and passes', () => {
  fc.assert(
    fc.property(fc.array(rowOf, { maxLength: 60 }), steps, (first, all) => {
      const list = new WebList(COLUMNS);
      let rows: readonly Row[] = first;
      for (const { now, gone, changed, come } of all) {
        const changes = new Map(changed);
        rows = rows.map((it, at) => changes.get(at) ?? it).filter((_row, at) => !gone.includes(at));
        for (const [at, row] of come) rows = rows.toSpliced(at, 0, row);
        expect(list.text(rows, now).toString()).toBe(plainText(rows, now));
        expect(list.json(rows, now).toString()).toBe(plainJson(rows, now));
      }
    }),
    runs(200),
  );
});

test.each([
  [99 * DAY + 86_399, '99:23:59:59'],
  [100 * DAY, '100:00:00:00'],
  [1_000 * DAY + 3_661, '1000:01:01:01'],
  [-5, '00:00:00:00'],
])('after %d seconds: %s', (seconds, text) => {
  const list = new WebList(COLUMNS);
  const row = { name: 'n', since: 0, until: undefined };
  list.json([row], 0);
  expect(list.json([row], seconds).toString()).toBe(`[{"name": "n", "age": "${text}", "end": null}]`);
  expect(list.text([row], seconds).toString()).toContain(`| n    | ${text} |`);
});
