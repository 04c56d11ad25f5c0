import { mayKeepPartialSet } from '../../../src/decide/partial-sets';
import { NodeIndex } from '../../../src/decide/node-index';
import { RequestIndex } from '../../../src/decide/request-index';
import { requestRank } from '../../../src/decide/request-order';
import type { NodeRequest } from '../../../src/model/records';
import { nodeFact, requestFact } from '../../support/node-facts';

const pair: Partial<NodeRequest> = { state: 'pending', nodeTypes: ['small', 'small'] };

/** May `200-5`, which has one of two nodes, keep it, beside another request and its nodes? */
function mayKeep(id: string, record: Partial<NodeRequest>, nodes: readonly ReturnType<typeof nodeFact>[]): boolean {
  const requests = new RequestIndex();
  requests.put('200-5', requestFact('200-5', pair, true));
  requests.put(id, requestFact(id, record, true));
  const index = new NodeIndex(() => ({}));
  for (const it of [nodeFact('1', { allocatedTo: '200-5' }), ...nodes]) index.put(it.id, it);
  return mayKeepPartialSet({
    rank: requestRank('200-5', requestFact('200-5', pair).record),
    provider: 'fake-east',
    allocated: index.allocated,
    requestOf: (it) => requests.get(it),
  });
}

test.each([
  ['is before it, with a part', '200-4', pair, [nodeFact('2', { allocatedTo: '200-4' })], false],
  [
    'is before it, with a part that is building',
    '200-4',
    pair,
    [nodeFact('2', { allocatedTo: '200-4', state: 'building' })],
    false,
  ],
  ['is behind it', '200-6', pair, [nodeFact('2', { allocatedTo: '200-6' })], true],
  ['is before it, but has nothing yet', '200-4', pair, [], true],
  [
    'is before it, but has all',
    '200-4',
    pair,
    [nodeFact('2', { allocatedTo: '200-4' }), nodeFact('3', { allocatedTo: '200-4' })],
    true,
  ],
  [
    'is before it, but in another provider',
    '200-4',
    pair,
    [nodeFact('2', { allocatedTo: '200-4', provider: 'west' })],
    true,
  ],
  [
    'is before it, but waits for nothing',
    '200-4',
    { ...pair, state: 'fulfilled' as const },
    [nodeFact('2', { allocatedTo: '200-4' })],
    true,
  ],
  [
    'is before it, its part has failed',
    '200-4',
    pair,
    [nodeFact('2', { allocatedTo: '200-4', state: 'aborted' })],
    true,
  ],
])('another request %s', (_title, id, record, nodes, expected) => {
  expect(mayKeep(id, record, nodes)).toBe(expected);
});
