import { compareRequests, parseBuildName, parseRequestId, requestPrefix, sequenceOf } from '../../../src/model/ids';
import { BUILD_MOVES, checkMove, NODE_MOVES, REQUEST_MOVES, UPLOAD_MOVES } from '../../../src/model/moves';
import { MoveError } from '../../../src/model/record-error';

test.each([
  ['200-0000000017', { priority: '200', sequence: '0000000017' }],
  ['099-0000000001', { priority: '099', sequence: '0000000001' }],
  ['1000-0000000001', { priority: '1000', sequence: '0000000001' }],
  ['20-0000000001', undefined],
  ['200-000000001', undefined],
  ['200-a-0000000001', undefined],
  ['0000000001', undefined],
  ['d1b0c3a0-0000-4000-8000-000000000000', undefined],
])('request id %s', (id, parts) => {
  expect(parseRequestId(id)).toEqual(parts);
});

test.each([
  [0, '000-'],
  [99, '099-'],
  [100, '100-'],
])('prefix of priority %d', (priority, prefix) => {
  expect(requestPrefix(priority)).toBe(prefix);
});

test.each([-1, 1.5, NaN])('%d is no priority', (priority) => {
  expect(() => requestPrefix(priority)).toThrow(RangeError);
});

test('requests are served by priority, relative priority, age; odd ids last', () => {
  const request = (id: string, relativePriority = 0) => ({ id, record: { relativePriority } });
  const sorted = [
    request('099-0000000009', 9),
    request('100-0000000004', -1),
    request('100-0000000005'),
    request('100-0000000006'),
    request('100-0000000003', 10),
    request('200-0000000001'),
    request('a'),
    request('b'),
  ];
  const shuffled = [4, 6, 0, 5, 3, 7, 1, 2].map((it) => sorted[it]!);
  expect(shuffled.sort(compareRequests)).toEqual(sorted);
});

test.each([
  ['0000000042', 42],
  ['host0000000001', 1],
  ['2b9a6204462047e682f05819e67721d1', undefined],
  ['lock', undefined],
])('number at the end of %s', (name, sequence) => {
  expect(sequenceOf(name)).toBe(sequence);
});

test.each([
  ['debian-bookworm-0000000001', { image: 'debian-bookworm', build: '0000000001' }],
  ['jammy', undefined],
  ['-1', undefined],
])('build name %s', (name, key) => {
  expect(parseBuildName(name)).toEqual(key);
});

test.each([
  ['init', 'building', true],
  ['building', 'ready', true],
  ['ready', 'in-use', true],
  ['in-use', 'used', true],
  ['hold', 'used', true],
  ['deleting', 'deleted', true],
  ['used', 'used', true],
  ['used', 'ready', false],
  ['init', 'ready', false],
  ['deleted', 'ready', false],
  ['failed', 'building', false],
] as const)('a node %s -> %s: %s', (from, to, allowed) => {
  const check = () => checkMove(NODE_MOVES, 'node', from, to);
  if (allowed) expect(check).not.toThrow();
  else expect(check).toThrow(new MoveError('node', from, to));
});

test('nothing leads to testing, and no final request moves', () => {
  expect(Object.values(NODE_MOVES).flat()).not.toContain('testing');
  expect([...REQUEST_MOVES.fulfilled, ...REQUEST_MOVES.failed]).toEqual([]);
  expect([...BUILD_MOVES.deleting, ...UPLOAD_MOVES.deleting]).toEqual([]);
});
