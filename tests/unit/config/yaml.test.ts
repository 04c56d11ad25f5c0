import { readYaml, YamlError } from '../../../src/config/yaml';
import { YamlFloat } from '../../../src/config/yaml-types';

/** Floats without a fraction are told from integers. */
const value = (text: string) => readYaml(text).value;

test.each<[string, unknown]>([
  ['yes', true],
  ['Off', false],
  ['on', true],
  ['y', 'y'],
  ['tRUE', 'tRUE'],
  ['010', 8],
  ['08', '08'],
  ['0x1F', 31],
  ['0b101', 5],
  ['1_000', 1000],
  ['-12', -12],
  ['+5', 5],
  ['1:30', 90],
  ['-1:30', -90],
  ['1:30:00', 5400],
  ['1:30.5', 90.5],
  ['1e3', '1e3'],
  ['1.0e+3', new YamlFloat(1000)],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['-.inf', -Infinity],
  ['~', null],
  ['', null],
  ['Null', null],
  ['nULL', 'nULL'],
  ['"yes"', 'yes'],
  ["'010'", '010'],
  ['0o10', '0o10'],
])('%s is read as %p', (text, expected) => {
  expect(value(`key: ${text}\n`)).toEqual({ key: expected });
});

test('a date is not text, and says its own', () => {
  const { key } = value('key: 2024-01-01') as { key: object };
  expect(typeof key).toBe('object');
  expect(String(key)).toBe('2024-01-01');
});

test('a date that is none does not load', () => {
  expect(() => value('key: 2024-02-31')).toThrow(YamlError);
});

test('the last of equal keys wins, merge keys lend', () => {
  expect(value('a: 1\na: 2')).toEqual({ a: 2 });
  expect(value('base: &b {x: 1, y: 1}\nitem:\n  <<: *b\n  y: 2')).toMatchObject({ item: { x: 1, y: 2 } });
});

test.each([
  ['two documents', 'a: 1\n---\nb: 2\n'],
  ['a list item one column too little', 'diskimages:\n  - name: a\n    elements:\n      - x\n - name: b\n'],
  ['an unquoted percent sign', 'port: %(NODEPOOL_PORT)\n'],
  ['an unknown tag', 'a: !!python/object:os.system x'],
])('%s is an error with its place', (_title, text) => {
  expect(() => readYaml(text)).toThrow(YamlError);
});

const SAMPLE = `# a comment
zookeeper-servers:
  - host: a   # first
    port:
    chroot: /x
  -
    host: b
labels:
- name: one
  min-ready: 1
-   name: two
flow: {a: 1, b: , c: [x, {d: 2}]}
base: &base
  inherited: yes
item:
  <<: *base
  "quoted key": 1
  ? explicit
  : 2
last:

  # before the value
  deep: value
`;

test.each<[(string | number)[], number, number]>([
  [['zookeeper-servers'], 2, 1],
  [['zookeeper-servers', 0], 3, 5],
  [['zookeeper-servers', 0, 'port'], 4, 5],
  [['zookeeper-servers', 0, 'chroot'], 5, 5],
  [['zookeeper-servers', 1, 'host'], 7, 5],
  [['labels', 0, 'min-ready'], 10, 3],
  [['labels', 1, 'name'], 11, 5],
  [['flow', 'b'], 12, 14],
  [['flow', 'c', 1, 'd'], 12, 27],
  [['item', 'inherited'], 15, 1],
  [['item', 'quoted key'], 17, 3],
  [['item', 'explicit'], 18, 5],
  [['last', 'deep'], 23, 3],
  [['last', 'missing'], 20, 1],
])('%p stands at %i:%i', (path, line, column) => {
  expect(readYaml(SAMPLE).locate(path)).toEqual({ line, column });
});
