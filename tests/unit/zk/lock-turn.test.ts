import { fc } from '../../support/property';
import { contenderQueue, lockTurn } from '../../../src/zk/lock-turn';

const hex = (digit: string) => digit.repeat(32);
const name = (digit: string, sequence: string) => `${hex(digit)}__lock__${sequence}`;

describe('whose turn it is', () => {
  const first = name('f', '0000000001');
  const second = name('a', '0000000002');
  const third = name('0', '0000000010');

  test.each([
    ['alone', [first], first, { kind: 'held' }],
    ['the lowest sequence, whatever the prefix', [third, second, first], first, { kind: 'held' }],
    ['the next one watches the one directly ahead', [third, second, first], third, { kind: 'wait', watch: second }],
    ['not in the list', [second], first, { kind: 'gone' }],
    ['nobody there', [], first, { kind: 'gone' }],
    ['a read lock is ignored', [`${hex('b')}__rlock__0000000000`, first], first, { kind: 'held' }],
    ['other children are ignored', ['0000000000', `${hex('b')}__lock__000000000`, first], first, { kind: 'held' }],
    [
      'any prefix contends',
      ['lock-__lock__0000000000', first],
      first,
      { kind: 'wait', watch: 'lock-__lock__0000000000' },
    ],
    [
      'after the counter wrapped only the last ten characters count',
      [name('c', '-2147483648'), first],
      name('c', '-2147483648'),
      { kind: 'wait', watch: first },
    ],
  ])('%s', (_title, children, mine, expected) => {
    expect(lockTurn(children, mine)).toEqual(expected);
  });

  test('of any contenders exactly one holds, and the others form one chain behind it', () => {
    const contenders = fc.uniqueArray(fc.nat({ max: 9_999_999 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(contenders, fc.infiniteStream(fc.constantFrom('0', '7', 'f')), (sequences, digits) => {
        const children = sequences.map((it) => name(digits.next().value, String(it).padStart(10, '0')));
        const turns = children.map((it) => lockTurn(children, it));
        const watched = turns.flatMap((it) => (it.kind === 'wait' ? [it.watch] : []));
        expect(turns.filter((it) => it.kind === 'held')).toHaveLength(1);
        expect(new Set(watched).size).toBe(children.length - 1);
        expect(watched).not.toContain(contenderQueue(children).at(-1));
      }),
    );
  });
});
