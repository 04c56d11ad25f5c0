import { fc } from '../../support/property';
import { execFileSync } from 'node:child_process';
import { readYaml, YamlError } from '../../../src/config/yaml';
import { YamlFloat, YamlTimestamp } from '../../../src/config/yaml-types';
import { describeWith } from '../../support/requirements';

const SCRIPT = `
import json, sys, yaml, datetime, math
def plain(v):
    if isinstance(v, dict): return {key(k): plain(x) for k, x in v.items()}
    if isinstance(v, list): return [plain(x) for x in v]
    if isinstance(v, (datetime.date, datetime.datetime)): return 'a date'
    if isinstance(v, float): return 'float ' + (repr(v) if not math.isfinite(v) else format(v, '.12g'))
    if isinstance(v, int) and not isinstance(v, bool): return 'int ' + format(float(v), '.12g')
    return v
def key(k):
    return {True: 'true', False: 'false', None: 'null'}[k] if k is None or isinstance(k, bool) else str(k)
def read(text):
    try: return {'value': plain(yaml.safe_load(text))}
    except Exception: return {'error': True}
print(json.dumps([read(it) for it in json.load(sys.stdin)]))
`;

/** What PyYAML makes of each text. */
function python(texts: readonly string[]): unknown[] {
  const output = execFileSync('/usr/bin/python3', ['-c', SCRIPT], { input: JSON.stringify(texts) });
  return JSON.parse(output.toString()) as unknown[];
}

function ours(text: string): unknown {
  try {
    return { value: plain(readYaml(text).value ?? null) };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return { error: true };
  }
}

function plain(value: unknown): unknown {
  if (value instanceof YamlTimestamp) return 'a date';
  if (value instanceof YamlFloat) return `float ${digits(value.value)}`;
  if (typeof value === 'number') return `${Number.isInteger(value) ? 'int' : 'float'} ${digits(value)}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, plain(it)]));
}

const digits = (value: number) => String(Number(value.toPrecision(12)));

/** Numbers as JavaScript writes them. */
const rewritten = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value).replace(/"(int|float) ([^"]*)"/g, (_all, kind: string, text: string) => {
      const number = { inf: Infinity, '-inf': -Infinity, nan: NaN }[text] ?? Number(text);
      return JSON.stringify(`${kind} ${digits(number)}`);
    }),
  );

function differing(texts: readonly string[]): unknown[] {
  const theirs = python(texts).map(rewritten);
  return texts
    .map((text, index) => ({ text, ours: ours(text), python: theirs[index] }))
    .filter((it) => JSON.stringify(it.ours) !== JSON.stringify(it.python))
    .slice(0, 5);
}

const seed = 20_240_901;

describeWith(['build'], 'PyYAML and we', () => {
  test('read the same scalars', () => {
    const scalar = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789.:_-+eExobTZ'), minLength: 1, maxLength: 10 }),
      fc.string({ unit: fc.constantFrom(...'yesnotrufalYESNOTRUFAL~onul'), minLength: 1, maxLength: 5 }),
      fc.constantFrom(
        ...['yes', 'Yes', 'YES', 'yEs', 'on', 'off', 'y', 'n', '~', 'null', 'NULL', 'nuLL', '010', '08', '0o7', '0x1f'],
        ...[
          '1:30',
          '1:30:59',
          '1:60',
          '-1:30',
          '1:30.5',
          '1_000',
          '1e3',
          '1.e+3',
          '.5',
          '+.5',
          '-.inf',
          '.NaN',
          '0b11',
        ],
        ...[
          '2024-01-01',
          '2024-1-1',
          '2024-02-30',
          '2024-01-01 10:00:00',
          '2024-01-01T10:00:00Z',
          '2024-01-01t1:00:00',
        ],
        ...['-0', '-0x1', '0_7', '-010', '+12', '1.', '1._5', '190:20:30', '685.230_15e+03', '::', '-', '--', '1-2'],
      ),
    );
    const texts = fc.sample(scalar, { numRuns: 3000, seed }).map((it) => `key: ${it}\n`);
    expect(differing(texts)).toEqual([]);
  });

  test('read the same structures', () => {
    const text = fc.constantFrom(
      'a',
      'b',
      'c d',
      '"q: x"',
      "'it''s'",
      '7',
      'yes',
      '',
      '# c',
      '|\n      two\n      lines',
    );
    const flow = fc.constantFrom(
      '[a, b]',
      '{a: 1, b: }',
      '[]',
      '{}',
      '[{a: b}, [c]]',
      '&x [a]',
      '!!str 5',
      '[a, # c\n b]',
    );
    const value = fc.oneof(text, flow);
    const item = fc.array(fc.tuple(fc.constantFrom('name', 'k1', 'k2', '"k3"'), value), { minLength: 1, maxLength: 3 });
    const list = fc.array(item, { minLength: 1, maxLength: 3 });
    const block = fc
      .tuple(fc.constantFrom('', '  '), list)
      .map(([indent, items]) =>
        items
          .map((keys) => keys.map(([k, v], at) => `${indent}${at === 0 ? '- ' : '  '}${k}: ${v}`).join('\n'))
          .join('\n'),
      );
    const document = fc
      .array(
        fc.tuple(
          fc.constantFrom('one', 'two', 'three'),
          fc.oneof(
            value,
            block.map((it) => `\n${it}`),
          ),
        ),
        { minLength: 1 },
      )
      .map((keys) => keys.map(([k, v]) => `${k}: ${v}\n`).join(''));
    expect(differing(fc.sample(document, { numRuns: 1000, seed }))).toEqual([]);
  });

  test('read the same merges, anchors and repeated keys', () => {
    expect(
      differing([
        'a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n',
        'a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc:\n  <<: [*a, *b]\n  z: 4\n',
        'b:\n  y: 3\n  <<: {y: 1, z: 2}\n',
        'a: 1\na: 2\n',
        'a: *nowhere\n',
        'a: 1\n---\nb: 2\n',
        '---\na: 1\n...\n',
        '',
        '# nothing\n',
        '%YAML 1.1\n---\na: yes\n',
        'a: @b\n',
        'a: `b`\n',
        'a: %b\n',
        '\ta: b\n',
        'a: b: c\n',
        'a: [b\n',
        'a: "b\n',
        'a: !!python/name:os.system x\n',
        'a: !!int "5"\nb: !!str 010\nc: !!float 1.5\n',
      ]),
    ).toEqual([]);
  });
});
