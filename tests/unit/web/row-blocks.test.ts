import { fc } from '../../support/property';
import { RowBlocks } from '../../../src/web/row-blocks';

interface Row {
  readonly id: number;
}

function blocksOfRows() {
  let made: (readonly Row[])[] = [];
  const blocks = new RowBlocks((rows: readonly Row[]) => {
    made.push(rows);
    return { rows };
  });
  /** The blocks of a list, and how many rows were in those that had to be made. */
  return (rows: readonly Row[]) => {
    made = [];
    return { blocks: blocks.of(rows), remade: made.flat().length };
  };
}

const rowsTo = (count: number): readonly Row[] => Array.from({ length: count }, (_, id) => ({ id }));
const ROWS = rowsTo(1_000);

test.each<[string, (rows: readonly Row[]) => readonly Row[]]>([
  ['nothing', (rows) => rows],
  ['a change', (rows) => rows.with(500, { id: -1 })],
  ['a change of the first', (rows) => rows.with(0, { id: -1 })],
  ['one gone in the middle', (rows) => rows.toSpliced(500, 1)],
  ['the first gone', (rows) => rows.slice(1)],
  ['one come at the end', (rows) => [...rows, { id: 1_000 }]],
  ['the first gone and one come at the end', (rows) => [...rows.slice(1), { id: 1_000 }]],
])('after %s few rows are made anew', (title, change) => {
  const split = blocksOfRows();
  expect(split(ROWS).remade).toBe(1_000);
  const { remade } = split(change(ROWS));
  expect(remade).toBeLessThanOrEqual(title === 'nothing' ? 0 : 12);
});

test('blocks hold all rows in their order, and do not fall to pieces whatever comes and goes', () => {
  const step = fc.record({
    gone: fc.array(fc.nat(300), { maxLength: 20 }),
    come: fc.array(fc.nat(300), { maxLength: 20 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const split = blocksOfRows();
      let rows = rowsTo(200);
      for (const { gone, come } of steps) {
        rows = rows.filter((_row, at) => !gone.includes(at));
        for (const at of come) rows = rows.toSpliced(at, 0, { id: at });
        const { blocks } = split(rows);
        expect(blocks.flatMap((it) => it.rows)).toEqual(rows);
        expect(blocks.slice(0, -1).every((it) => it.rows.length >= 2 && it.rows.length <= 4)).toBe(true);
      }
    }),
  );
});

test('nothing is kept of rows that are no more in the list', () => {
  const split = blocksOfRows();
  split(ROWS);
  expect(split([]).blocks).toEqual([]);
  expect(split(ROWS).remade).toBe(1_000);
});
