import { RawJson, type Json } from '../../../src/model/json';
import { ageText, cellText, type Column } from '../../../src/views/column';
import { buildRequestState } from '../../../src/views/images';
import { csvText, jsonText, yamlText } from '../../../src/views/serialize';
import { gridText, tableText } from '../../../src/views/table';
import yaml from 'js-yaml';

test('a table without rows: rule, header, rule, rule', () => {
  expect(gridText(['ID', 'Name'], [])).toBe('+----+------+\n| ID | Name |\n+----+------+\n+----+------+\n');
});

test('columns are as wide as their widest cell, left-aligned', () => {
  expect(gridText(['Provider Image Name', 'State'], [['img-1700000000', 'ready']])).toBe(
    [
      '+---------------------+-------+',
      '| Provider Image Name | State |',
      '+---------------------+-------+',
      '| img-1700000000      | ready |',
      '+---------------------+-------+',
      '',
    ].join('\n'),
  );
});

test('a cell of several lines takes several lines, a wide character two columns', () => {
  expect(gridText(['A', 'B'], [['x\nyy', '中']])).toBe(
    ['+----+----+', '| A  | B  |', '+----+----+', '| x  | 中 |', '| yy |    |', '+----+----+', ''].join('\n'),
  );
});

test.each<[Json | RawJson, string]>([
  [null, ''],
  [true, 'True'],
  [false, 'False'],
  [22, '22'],
  [1.5, '1.5'],
  [['a', 'b'], 'a,b'],
  [[], ''],
  [{ zuul_system: 'x' }, "{'zuul_system': 'x'}"],
  [{ a: [1, null, true], b: { c: "it's" } }, `{'a': [1, None, True], 'b': {'c': "it's"}}`],
  [{ a: 'both \' and "', b: 'line\nend\\' }, `{'a': 'both \\' and "', 'b': 'line\\nend\\\\'}`],
  [
    RawJson.ofText('{"n": 340282366920938463463374607431768211455, "f": 1e3}'),
    "{'n': 340282366920938463463374607431768211455, 'f': 1000.0}",
  ],
  [RawJson.ofText('"text"'), 'text'],
  [RawJson.ofText('null'), ''],
])('the cell of %p is %p', (value, expected) => {
  expect(cellText(value)).toBe(expected);
});

test.each([
  [0, '00:00:00:00'],
  [0.99, '00:00:00:00'],
  [59.9, '00:00:00:59'],
  [60, '00:00:01:00'],
  [3599, '00:00:59:59'],
  [86_400, '01:00:00:00'],
  [100 * 86_400 + 3661, '100:01:01:01'],
  [-5, '00:00:00:00'],
])('%d seconds are %s', (age, expected) => {
  expect(ageText(1000, 1000 + age)).toBe(expected);
});

test.each([
  [
    'none',
    { buildRequestedAt: undefined, buildLocked: true, buildLockCreatedAt: 1, firstBuildCreatedAt: 2 },
    undefined,
  ],
  ['unlocked', { buildRequestedAt: 1, buildLocked: false, buildLockCreatedAt: 1, firstBuildCreatedAt: 2 }, 'pending'],
  [
    'no build yet',
    { buildRequestedAt: 1, buildLocked: true, buildLockCreatedAt: 1, firstBuildCreatedAt: undefined },
    'pending',
  ],
  [
    'older than the lock',
    { buildRequestedAt: 1, buildLocked: true, buildLockCreatedAt: 3, firstBuildCreatedAt: 2 },
    'pending',
  ],
  ['under way', { buildRequestedAt: 1, buildLocked: true, buildLockCreatedAt: 1, firstBuildCreatedAt: 2 }, 'building'],
] as const)('a build request: %s', (_title, facts, expected) => {
  expect(buildRequestState(facts)).toBe(expected);
});

const columns: Column<{ a: Json | RawJson; b: Json }>[] = [
  { header: 'A', field: 'a', value: (it) => it.a },
  { header: 'B', field: 'b', value: (it) => it.b, text: () => 'shown' },
];

test('the other formats hold the same values', () => {
  const rows = [
    { a: RawJson.ofText('{"big": 12345678901234567890}'), b: 'say "hi", you' },
    { a: null, b: ['x', 'y'] },
  ];
  const view = { columns, rows };
  expect(jsonText(view)).toContain('"a": {"big": 12345678901234567890}');
  expect(JSON.parse(jsonText(view))).toMatchObject([{ b: 'say "hi", you' }, { a: null, b: ['x', 'y'] }]);
  expect(yaml.load(yamlText(view))).toMatchObject([{ b: 'say "hi", you' }, { a: null, b: ['x', 'y'] }]);
  expect(csvText(view)).toBe('a,b\n"{""big"": 12345678901234567890}","say ""hi"", you"\n,"x,y"\n');
  expect(tableText(view)).toContain('| shown |');
  expect([jsonText, yamlText].map((it) => it({ columns, rows: [] }))).toEqual(['[]\n', '[]\n']);
});
