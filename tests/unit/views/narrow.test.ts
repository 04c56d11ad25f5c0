import { fc } from '../../support/property';
import type { View } from '../../../src/views/column';
import { parseDuration } from '../../../src/views/duration';
import { narrow, NarrowError } from '../../../src/views/narrow';

interface Row {
  readonly id: string;
  readonly labels: readonly string[];
  readonly age: number | null;
  readonly locked: boolean;
  readonly comment: string | null;
}

const ROWS: readonly Row[] = [
  { id: 'a', labels: ['small', 'big'], age: 30, locked: true, comment: 'held (x)' },
  { id: 'b', labels: ['small'], age: 7200, locked: false, comment: null },
  { id: 'c', labels: [], age: null, locked: false, comment: 'a.b' },
];
const VIEW: View<Row> = {
  columns: [
    { header: 'ID', field: 'id', value: (it) => it.id },
    { header: 'Labels', field: 'labels', value: (it) => [...it.labels] },
    { header: 'Age', field: 'age', value: (it) => it.age, text: (it) => `${it.age} s` },
    { header: 'Locked', field: 'locked', value: (it) => it.locked, text: (it) => (it.locked ? 'locked' : 'unlocked') },
  ],
  more: [{ header: 'Comment', field: 'Comment', value: (it) => it.comment }],
  rows: ROWS,
};
const idsOf = (view: View<Row>) => view.rows.map((it) => it.id).join('');

test.each([
  [['id=a'], 'a'],
  [['id=a,c'], 'ac'],
  [['id!=a,c'], 'b'],
  [['ID=b'], 'b'],
  [['labels=small'], 'ab'],
  [['labels=small,big'], 'ab'],
  [['labels=s*'], 'ab'],
  [['labels='], 'c'],
  [['labels!='], 'ab'],
  [['locked=true'], 'a'],
  [['locked=unlocked'], 'bc'],
  [['age>30'], 'b'],
  [['age>=30'], 'ab'],
  [['age<1h'], 'a'],
  [['age<=2h'], 'ab'],
  [['age='], 'c'],
  [['comment='], 'b'],
  [['comment=a.b'], 'c'],
  [['comment=a?b'], ''],
  [['comment=held (*)'], 'a'],
  [['locked=false', 'labels=small'], 'b'],
])('--filter %j picks %j', (filters, ids) => {
  expect(idsOf(narrow(VIEW, { filters }))).toBe(ids);
});

test.each([
  [['age'], 'abc'],
  [['-age'], 'bac'],
  [['comment'], 'cab'],
  [['locked', '-id'], 'cba'],
])('--sort %j gives %j, what is empty last', (sort, ids) => {
  expect(idsOf(narrow(VIEW, { sort }))).toBe(ids);
});

test('--fields picks columns in the order given, hidden ones too', () => {
  const { columns } = narrow(VIEW, { fields: ['comment', 'ID'] });
  expect(columns.map((it) => it.header)).toEqual(['Comment', 'ID']);
});

test.each([
  ['filters', { filters: ['id'] }],
  ['filters', { filters: ['nothing=1'] }],
  ['filters', { filters: ['age>old'] }],
  ['sort', { sort: ['nothing'] }],
  ['fields', { fields: ['nothing'] }],
])('what makes no sense is refused, %s', (option, narrowing) => {
  const attempt = () => narrow(VIEW, narrowing);
  expect(attempt).toThrow(NarrowError);
  expect(attempt).toThrow(expect.objectContaining({ option }));
});

test('a filter and its opposite share out the rows', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('id', 'labels', 'age', 'locked', 'comment'),
      fc.string({ maxLength: 4 }),
      (field, value) => {
        const [one, other] = ['=', '!='].map((it) => narrow(VIEW, { filters: [`${field}${it}${value}`] }).rows);
        expect(new Set([...one!, ...other!])).toEqual(new Set(ROWS));
        expect(one!.length + other!.length).toBe(ROWS.length);
      },
    ),
  );
});

test.each([
  ['90', 90],
  ['90s', 90],
  ['1.5m', 90],
  ['2h', 7200],
  ['1d', 86_400],
  ['1w', 604_800],
  ['', undefined],
  ['-1', undefined],
  ['1y', undefined],
])('%j is %p seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});
