import { compileFormatter, FormatError, type LogRecord } from '../../../src/daemon/logs/format-record';
import { DEFAULT_FORMATTER, type FormatterPlan } from '../../../src/daemon/logs/log-plan';
import { LiteralError, readLiteral } from '../../../src/daemon/logs/python-literal';
import { nextTurnOver } from '../../../src/daemon/logs/rotation';
import { strftime } from '../../../src/daemon/logs/strftime';

const at = new Date(2024, 8, 1, 13, 5, 9, 42);
const record = (change: Partial<LogRecord> = {}): LogRecord => ({
  wallMs: at.getTime(),
  level: 'info',
  name: 'nodepool.launcher',
  message: 'node is ready',
  fields: { node: '0000000012', request: '200-0000000003', event_id: 'e1', took_s: 2 },
  ...change,
});
const text = (style: '%' | '{' | '$', format: string, more: object = {}): FormatterPlan => ({
  kind: 'text',
  style,
  format,
  everyLine: false,
  ...more,
});

test.each([
  ['%', '%(levelname)-8s|%(levelno)03d|%(msecs)03d', 'INFO    |020|042'],
  ['%', '%(name)s %(node)s %(image)s%%', 'nodepool.launcher 0000000012 %'],
  ['%', '%(name).8s', 'nodepool'],
  ['{', '{levelname:>6}|{levelno:04d}|{name:*^21}|{{}}', '  INFO|0020|**nodepool.launcher**|{}'],
  ['$', '$levelname ${name} $$', 'INFO nodepool.launcher $'],
] as const)('style %s: %s', (style, format, expected) => {
  expect(compileFormatter(text(style, format))(record())).toBe(expected);
});

test('the default line: time, level, name, what it is about, message, fields', () => {
  expect(compileFormatter(DEFAULT_FORMATTER)(record())).toBe(
    '2024-09-01 13:05:09,042 INFO nodepool.launcher: [e: e1] [node_request: 200-0000000003] [node: 0000000012] node is ready took_s=2',
  );
});

test('further lines get the prefix and two blanks, or stay bare with the formatter of Python', () => {
  const two = record({ message: 'a\nb', fields: {} });
  expect(compileFormatter(DEFAULT_FORMATTER)(two).split('\n')[1]).toBe(
    '2024-09-01 13:05:09,042 INFO nodepool.launcher:   b',
  );
  expect(compileFormatter(text('%', '%(message)s'))(two)).toBe('a\nb');
});

test('an error stands below the message, with its causes', () => {
  const err = { message: 'no', stack: 'Error: no\n    at x', cause: { message: 'deeper' } };
  const lines = compileFormatter(text('%', '%(message)s'))(record({ fields: { err } })).split('\n');
  expect(lines).toEqual(['node is ready', 'Error: no', '    at x', 'caused by: deeper']);
});

test('JSON has the fields at its top', () => {
  const line = compileFormatter({ kind: 'json' })(record({ fields: { logger: 'x', provider: 'p', zxid: 12n } }));
  expect(JSON.parse(line)).toEqual({
    timestamp: at.toISOString(),
    level: 'info',
    logger: 'nodepool.launcher',
    message: 'node is ready',
    provider: 'p',
    zxid: '12',
  });
});

test.each([
  ['%', 'nothing'],
  ['%', '%(nope)s'],
  ['%', '%(message)'],
  ['%', '100% %(message)s'],
  ['{', '{message'],
  ['$', '$ $message'],
] as const)('style %s: %s is refused', (style, format) => {
  expect(() => compileFormatter(text(style, format))).toThrow(FormatError);
});

test.each([
  ['%Y-%m-%d %H:%M:%S', '2024-09-01 13:05:09'],
  ['%d/%b/%y %I:%M %p', '01/Sep/24 01:05 PM'],
  ['%F %T %j %u %a %%F', '2024-09-01 13:05:09 245 7 Sun %F'],
  ['%q', '%q'],
])('strftime %s', (format, expected) => {
  expect(strftime(format, at)).toBe(expected);
});

test.each([
  ["('/var/log/x.log', 'a', 1024*1024, 5)", ['/var/log/x.log', 'a', 1_048_576, 5]],
  ['(sys.stdout,)', ['sys.stdout']],
  ['()', []],
  ["{'when': \"D\", 'utc': True, 'x': None}", { when: 'D', utc: true, x: null }],
  ["[('localhost', 514), r'a\\b']", [['localhost', 514], 'a\\b']],
  ["('a')", 'a'],
])('the literal %s', (source, expected) => {
  expect(readLiteral(source)).toEqual(expected);
});

test.each(['(', 'f(1)', "('a' 'b')", '{1}', '`'])('%s is no literal', (source) => {
  expect(() => readLiteral(source)).toThrow(LiteralError);
});

const local = (...parts: [number, number, number, number?]) =>
  new Date(...(parts as [number, number, number])).getTime();
test.each([
  ['hourly from the start', { when: 'H', interval: 6 }, at.getTime(), at.getTime() + 6 * 3_600_000],
  ['at midnight', { when: 'MIDNIGHT', interval: 1 }, at.getTime(), local(2024, 8, 2)],
  ['the end of the named weekday, a Sunday', { when: 'W', weekday: 6, interval: 1 }, at.getTime(), local(2024, 8, 2)],
  ['the end of the next Monday', { when: 'W', weekday: 0, interval: 1 }, at.getTime(), local(2024, 8, 3)],
] as const)('turn-over %s', (_title, plan, start, expected) => {
  expect(nextTurnOver({ by: 'time', backupCount: 0, utc: false, ...plan }, start)).toBe(expected);
});
