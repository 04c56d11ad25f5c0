import { PoolProgress } from '../../../src/decide/pool-progress';
import { type LineProgress, turnOf } from '../../../src/decide/request-share';

const at = (atMs: number): LineProgress => ({ atMs, isPast: false });
const past = (atMs: number): LineProgress => ({ atMs, isPast: true });

// Seen at 1000.
test.each<[string, readonly (LineProgress | undefined)[], number, number, boolean]>([
  ['first in line', [], 1000, 0, false],
  ['second, just seen', [undefined], 1000, 250, false],
  ['second, its moment is over', [undefined], 1250, 0, false],
  ['third waits for two', [undefined, undefined], 1250, 250, false],
  ['ninth waits no longer than fifth', Array<undefined>(8).fill(undefined), 1000, 1000, false],
  ['the first is at work', [at(1240)], 1250, 990, false],
  ['the first was at work, and is quiet', [at(1240)], 2240, 0, false],
  ['the first was at work before this one came', [at(100)], 1000, 250, false],
  ['the first is at work, behind this one', [past(1240)], 1250, 0, false],
  ['one of two is at work', [at(1000), at(1490)], 1500, 990, false],
  ['one passed it over, the other will come to it', [past(1490), at(1490)], 1500, 990, false],
  ['at work for long: little patience is left', [at(2900)], 2950, 50, false],
  ['at work for too long: help', [at(2990)], 3000, 0, true],
  ['two in line get twice the patience', [at(2990), undefined], 3000, 990, false],
])('%s', (_title, before, nowMs, waitMs, isHelp) => {
  expect(turnOf(before, 1000, nowMs)).toEqual({ waitMs, isHelp });
});

describe('who is seen at work', () => {
  const node = (launcher: string | null, allocatedTo: string | null = null) => ({ launcher, allocatedTo });

  test('only the making of a node counts, not what becomes of it', () => {
    const progress = new PoolProgress();
    progress.note('0000000007', node('a', '200-1'), 10);
    progress.note('0000000005', node('a', '200-0'), 20);
    progress.note('0000000007', node('a', null), 30);
    progress.note('0000000008', node('b', '200-2'), 40);
    progress.note('0000000009', node(null), 50);
    expect(progress.of('a')).toMatchObject({ request: '200-1', atMs: 10 });
    expect(progress.of('b')).toMatchObject({ request: '200-2', atMs: 40 });
    expect(progress.of('c')).toBeUndefined();
  });

  test('pools that are gone are forgotten', () => {
    const progress = new PoolProgress();
    progress.note('0000000001', node('a'), 10);
    progress.note('0000000002', node('b'), 10);
    progress.keepOnly(new Set(['b']));
    expect([progress.of('a'), progress.of('b')?.atMs]).toEqual([undefined, 10]);
  });
});
