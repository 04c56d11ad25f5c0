import { fc } from '../../support/property';
import { type ResourceField, ResourceWords } from '../../../src/web/resource';

interface Row {
  readonly id: number;
  readonly name: string;
}
const FIELDS: readonly ResourceField<Row>[] = [
  { name: 'id', schema: {}, value: (it) => it.id },
  { name: 'name', schema: {}, value: (it) => it.name },
];

const rowOf = fc.record({ id: fc.nat(), name: fc.string({ unit: 'grapheme' }) });
const changes = fc.array(fc.tuple(fc.nat(50), fc.option(rowOf)), { maxLength: 8 });

test('a list of kept rows is what a list of new rows would be, of all and of some', () => {
  fc.assert(
    fc.property(fc.array(rowOf, { maxLength: 50 }), fc.array(changes, { maxLength: 5 }), (first, steps) => {
      const words = new ResourceWords(FIELDS);
      let rows: readonly Row[] = first;
      for (const step of [[], ...steps]) {
        for (const [at, row] of step) rows = rows.toSpliced(at, 1, ...(row === null ? [] : [row]));
        const lines = rows.map((it) => JSON.stringify(it));
        const expected = lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`;
        expect(words.all(rows).toString()).toBe(expected);
        expect(words.some(rows)).toBe(expected);
      }
    }),
  );
});
