import fc from 'fast-check';
import { ageText } from '../../../src/views/column';
import { gridText } from '../../../src/views/table';
import { pythonJson } from '../../../src/web/python-json';
import { WebList, type WebColumn } from '../../../src/web/web-list';

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
const rowsOf = fc.array(fc.record({ name: names, since: times, until: times }), { maxLength: 8 });
const moments = fc.array(fc.double({ min: 900 * DAY, max: 2_100 * DAY, noNaN: true }), { minLength: 1, maxLength: 5 });

test('lists of rows that are kept are what lists of new rows would be, whatever comes, goes and passes', () => {
  fc.assert(
    fc.property(rowsOf, moments, fc.array(fc.nat(255), { maxLength: 5 }), (all, nows, masks) => {
      const list = new WebList(COLUMNS);
      for (const [index, now] of nows.entries()) {
        const rows = all.filter((_row, at) => (((masks[index] ?? 255) >> at) & 1) === 1);
        expect(list.text(rows, now).toString()).toBe(plainText(rows, now));
        expect(list.json(rows, now).toString()).toBe(plainJson(rows, now));
        expect(list.text(rows, now, new Set(['end', 'none'])).toString()).toBe(
          gridText(
            ['End'],
            rows.map((it) => [it.until === undefined ? '' : ageText(it.until, now)]),
          ),
        );
      }
    }),
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
